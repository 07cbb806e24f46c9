// Several demo processes on one database: one can complete what another began, and what counts once counts once among
// all of them. Exits with 1 when anything differs.
//
//   npm run build && node tools/instances.mjs [--processes 2,4] [--engine postgres|pgbouncer|mariadb|galera|sqlite]
import { parseArgs } from 'node:util';

import { measure } from './instances/measure.mjs';
import { ENGINE_NAMES } from './support/databases.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '2,4' },
    engine: { type: 'string', default: 'postgres' },
  },
});
const counts = values.processes.split(',').map(Number);
if (!counts.every((count) => Number.isInteger(count) && count >= 2))
  throw new Error(`--processes must be whole numbers from 2: ${values.processes}`);
if (!ENGINE_NAMES.includes(values.engine))
  throw new Error(`--engine must be one of ${ENGINE_NAMES.join(', ')}`);

let wrong = 0;
for (const count of counts) {
  const { server, seconds, results } = await measure(values.engine, count);
  wrong += results.filter(({ isRight }) => !isRight).length;
  const lines = results.map(({ what, found, isRight }) => `  ${isRight ? 'ok ' : 'NOT'} ${what}: ${found}`);
  process.stdout.write(`${count} processes on ${server}, ${seconds} s\n${lines.join('\n')}\n`);
}
process.stdout.write(wrong === 0 ? 'Everything as it should be.\n' : `${wrong} results are wrong.\n`);
process.exitCode = wrong === 0 ? 0 : 1;
