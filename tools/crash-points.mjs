// Kills the application at every single point of every flow, before each statement and after each COMMIT that has no answer yet, starts it again, and looks: either
// nothing of the flow has happened, or all of it; if nothing, it can be done now. Prints the points of each flow, and the tables that were written at some of them.
//
//   npm run build && node tools/crash-points.mjs [--engine sqlite|postgres|mariadb] [--flow "sign-in by a code"] [--every 3]
import { parseArgs } from 'node:util';

import { FLOWS } from './crash-points/flows.mjs';
import { shapeOf } from './crash-points/shape.mjs';
import { TABLES, emptyTables, keepRows, makeKept, putRowsBack } from './crash-points/tables.mjs';
import { Worker } from './crash-points/worker.mjs';
import { createDatabase } from './support/databases.mjs';

const ENGINES = ['sqlite', 'sqlite-journal', 'postgres', 'mariadb'];

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    flow: { type: 'string' },
    every: { type: 'string', default: '1' },
  },
});
const every = Number(values.every);
if (!ENGINES.includes(values.engine)) throw new Error(`--engine must be one of ${ENGINES.join(', ')}`);

/** Kills one flow at each of its points, or at every n-th one. */
async function attack(index, db, worker) {
  const run = async (part, state, killAt = null) => {
    const result = await worker.run({ index, part, state, killAt });
    await db.isQuiet?.();
    return result;
  };
  await emptyTables(db);
  const { state } = await run('before', { id: `user${index}`, ahead: 0, cookies: [] });
  await keepRows(db);
  const before = await shapeOf(db);
  const whole = await run('act', state);
  const after = await shapeOf(db);
  const afterAgain = await shapeOf(db, { isAgain: true });
  const found = { points: whole.count, all: 0, nothing: 0, between: 0, problems: [], tables: whole.tables };
  for (let killAt = 1 + (index % every); killAt <= whole.count; killAt += every) {
    await putRowsBack(db);
    if ((await run('act', state, killAt)) !== null) continue;
    const shape = await shapeOf(db);
    if (shape === after && shape !== before) {
      found.all += 1;
      continue;
    }
    const isBetween = shape !== before;
    found[isBetween ? 'between' : 'nothing'] += 1;
    const complain = (text) => found.problems.push(`at point ${killAt}: ${text}`);
    if (isBetween && FLOWS[index].between === null) complain('half of it has happened');
    try {
      // Later, so that it needs no code from the first attempt.
      await run('act', { ...state, ahead: state.ahead + 120 });
      if ((await shapeOf(db, { isAgain: isBetween })) !== (isBetween ? afterAgain : after))
        complain('done again, it ends otherwise');
    } catch (error) {
      complain(`it can't be done again: ${error.message.split('\n')[0]}`);
    }
  }
  return found;
}

const chosen = [...FLOWS.keys()].filter(
  (index) => values.flow === undefined || FLOWS[index].name.includes(values.flow),
);
const totals = { points: 0, all: 0, nothing: 0, between: 0, problems: 0 };
const written = new Set();

function report(name, why, { points, all, nothing, between, problems, tables }) {
  totals.points += points;
  totals.all += all;
  totals.nothing += nothing;
  totals.between += between;
  totals.problems += problems.length;
  tables.forEach((table) => written.add(table));
  const half = between > 0 ? `, ${between} in between (${why ?? 'a fault'})` : '';
  process.stdout.write(
    `${problems.length === 0 ? 'ok ' : 'NOT'} ${name}: ${all + nothing + between} of ${points} points, ${nothing} nothing, ${all} all of it${half}\n`,
  );
  for (const problem of problems) process.stdout.write(`      ${problem}\n`);
}

const queue = [...chosen];
/** Attacks the queued flows one after another on its own database; returns the server's name and version. */
async function work() {
  const db = await createDatabase(values.engine);
  const worker = new Worker(db.orm);
  try {
    // Starting the application creates the tables.
    await worker.run({ part: 'start', state: { ahead: 0 } });
    await makeKept(db);
    for (let index = queue.shift(); index !== undefined; index = queue.shift())
      report(FLOWS[index].name, FLOWS[index].between, await attack(index, db, worker));
    return await db.describe();
  } finally {
    worker.close();
    await db.drop();
  }
}
const startedAt = Date.now();
const [server] = await Promise.all([work(), work()]);

const left = TABLES.filter((name) => !written.has(name));
const { points, all, nothing, between, problems } = totals;
const seconds = Math.round((Date.now() - startedAt) / 1000);
process.stdout.write(
  `${server}: ${chosen.length} flows, ${all + nothing + between} kills at ${points} points, ${nothing} nothing, ${all} all of it, ${between} in between, ${problems} problems, in ${seconds} s; ${TABLES.length - left.length} of ${TABLES.length} tables written${left.length > 0 ? `, not ${left.join(', ')}` : ''}\n`,
);
process.exitCode = problems === 0 && (left.length === 0 || values.flow !== undefined) ? 0 : 1;
