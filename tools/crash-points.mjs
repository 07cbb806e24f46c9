// Kills the application before every single statement of every flow, starts it again, and looks: either nothing of the flow has happened, or all of it; if
// nothing, it can be done now. Prints the points of each flow, and the tables that were written at some of them. On SQLite, where a commit is one file.
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

/** One process; null when it was killed. */
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

/** Kills one flow at each of its points, or at each so-manieth. */
async function attack(index, folder, every) {
  const [prepared, file] = ['prepared', 'work'].map((name) => join(folder, `${index}-${name}.sqlite`));
  const state = { id: `user${index}`, ahead: 0, cookies: [] };
  const ready = await run({ file: prepared, index, part: 'before', state });
  const before = shapeOf(prepared);
  copy(prepared, file);
  const whole = await run({ file, index, part: 'act', state: ready.state, killAt: null });
  const after = shapeOf(file);
  const found = { points: whole.count, killed: 0, happened: 0, not: 0, problems: [], tables: whole.tables };
  for (let killAt = 1 + (index % every); killAt <= whole.count; killAt += every) {
    copy(prepared, file);
    const state = structuredClone(ready.state);
    const isKilled = (await run({ file, index, part: 'act', state, killAt })) === null;
    if (!isKilled) continue;
    found.killed += 1;
    const shape = shapeOf(file);
    if (shape === after && shape !== before) {
      found.happened += 1;
      continue;
    }
    if (shape !== before) {
      found.problems.push(`before statement ${killAt}: half of it has happened`);
      continue;
    }
    found.not += 1;
    // Later, so that no code of the first try is asked for again.
    state.ahead += 120;
    try {
      await run({ file, index, part: 'act', state, killAt: null });
      if (shapeOf(file) !== after)
        found.problems.push(`before statement ${killAt}: done again, it ends otherwise`);
    } catch (error) {
      found.problems.push(
        `before statement ${killAt}: it can't be done again: ${error.message.split('\n')[0]}`,
      );
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
    const { points, killed, happened, not, problems, tables } = await attack(
      index,
      folder,
      Number(values.every),
    );
    totals.points += points;
    totals.killed += killed;
    totals.problems += problems.length;
    tables.forEach((table) => written.add(table));
    process.stdout.write(
      `${problems.length === 0 ? 'ok ' : 'NOT'} ${FLOWS[index].name}: ${killed} of ${points} points, ${not} nothing, ${happened} all of it\n`,
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
