// Kills the application before every single statement of every flow, restarts it, and checks that either nothing of the
// flow has happened or all of it; if nothing, that it can be done now. Prints the points of each flow, and the tables
// written at them. Uses SQLite, where a commit is one file.
//
//   npm run build && node tools/crash-points.mjs [--flow "sign-in by a code"] [--every 3]
import { fork } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { MFA_ENTITIES } from 'nestjs-mfa';
import { getMetadataArgsStorage } from 'typeorm';

import { FLOWS } from './crash-points/flows.mjs';
import { shapeOf } from './crash-points/shape.mjs';

const APPLICATION = fileURLToPath(new URL('crash-points/application.mjs', import.meta.url));

const { values } = parseArgs({
  options: { flow: { type: 'string' }, every: { type: 'string', default: '1' } },
});

/** Runs one process; null if it was killed. */
function run(message) {
  const child = fork(APPLICATION, {
    env: { ...process.env, NODE_ENV: 'test' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.send(message);
  return new Promise((resolve, reject) => {
    let result = null;
    child.on('message', (given) => (result = given));
    child.on('exit', () => (result?.failure ? reject(new Error(result.failure)) : resolve(result)));
  });
}

function copy(from, to) {
  for (const end of ['', '-wal', '-shm']) {
    rmSync(to + end, { force: true });
    if (existsSync(from + end)) cpSync(from + end, to + end);
  }
}

/** Kills one flow at each of its points, or at every n-th. */
async function attack(index, folder, every) {
  const [prepared, file] = ['prepared', 'work'].map((name) => join(folder, `${index}-${name}.sqlite`));
  const first = { id: `user${index}`, ahead: 0, cookies: [] };
  const ready = await run({ file: prepared, index, part: 'before', state: first });
  const before = shapeOf(prepared);
  copy(prepared, file);
  const whole = await run({ file, index, part: 'act', state: structuredClone(ready.state), killAt: null });
  const after = [false, true].map((isAgain) => shapeOf(file, { isAgain }));
  const found = { points: whole.count, all: 0, nothing: 0, between: 0, problems: [], tables: whole.tables };
  for (let killAt = 1 + (index % every); killAt <= whole.count; killAt += every) {
    copy(prepared, file);
    const state = structuredClone(ready.state);
    if ((await run({ file, index, part: 'act', state, killAt })) !== null) continue;
    const shape = shapeOf(file);
    if (shape === after[0] && shape !== before) {
      found.all += 1;
      continue;
    }
    const isBetween = shape !== before;
    found[isBetween ? 'between' : 'nothing'] += 1;
    const complain = (text) => found.problems.push(`before statement ${killAt}: ${text}`);
    if (isBetween && FLOWS[index].between === null) complain('half of it has happened');
    // Later, so that no code of the first attempt is requested again.
    state.ahead += 120;
    try {
      await run({ file, index, part: 'act', state, killAt: null });
      if (shapeOf(file, { isAgain: isBetween }) !== after[isBetween ? 1 : 0])
        complain('done again, it ends otherwise');
    } catch (error) {
      complain(`it can't be done again: ${error.message.split('\n')[0]}`);
    }
  }
  return found;
}

const folder = mkdtempSync(join(tmpdir(), 'crash-points-'));
const chosen = [...FLOWS.keys()].filter(
  (index) => values.flow === undefined || FLOWS[index].name.includes(values.flow),
);
const totals = { points: 0, killed: 0, problems: 0 };
const written = new Set();
const queue = [...chosen];
async function work() {
  for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
    const { name, between: why } = FLOWS[index];
    const { points, all, nothing, between, problems, tables } = await attack(
      index,
      folder,
      Number(values.every),
    );
    const killed = all + nothing + between;
    totals.points += points;
    totals.killed += killed;
    totals.problems += problems.length;
    tables.forEach((table) => written.add(table));
    const half = between > 0 ? `, ${between} in between (${why})` : '';
    process.stdout.write(
      `${problems.length === 0 ? 'ok ' : 'NOT'} ${name}: ${killed} of ${points} points, ${nothing} nothing, ${all} all of it${half}\n`,
    );
    for (const problem of problems) process.stdout.write(`      ${problem}\n`);
  }
}
await Promise.all([work(), work()]);
rmSync(folder, { recursive: true });

const all = getMetadataArgsStorage()
  .tables.filter(({ target }) => MFA_ENTITIES.includes(target))
  .map(({ name }) => name);
const left = all.filter((name) => !written.has(name));
process.stdout.write(
  `${chosen.length} flows, ${totals.killed} kills at ${totals.points} points, ${totals.problems} problems; ${all.length - left.length} of ${all.length} tables written${left.length > 0 ? `, not ${left.join(', ')}` : ''}\n`,
);
process.exitCode = totals.problems === 0 && (left.length === 0 || values.flow !== undefined) ? 0 : 1;
