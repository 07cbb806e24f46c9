// Kills the application and cuts its database connections at random moments, while users enroll, sign in, generate
// codes and remove factors; then checks for anything that has only half happened. Exits with 1 when there is something.
//
//   npm run build && node tools/crash.mjs --engine postgres --kills 300 --cuts 300 --starts 20 [--seed 1] [--users 6]
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { run } from './crash/run.mjs';
import { ENGINE_NAMES } from './support/databases.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    kills: { type: 'string', default: '300' },
    cuts: { type: 'string', default: '0' },
    starts: { type: 'string', default: '0' },
    users: { type: 'string', default: '6' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const whole = (name) => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`--${name} must be a whole number: ${values[name]}`);
};
const { engine } = values;
if (!ENGINE_NAMES.includes(engine)) throw new Error(`--engine must be one of ${ENGINE_NAMES.join(', ')}`);
const [kills, cuts, starts, users, seed] = ['kills', 'cuts', 'starts', 'users', 'seed'].map(whole);

const { server, counts, violations, seconds } = await run({ engine, kills, cuts, starts, users, seed });
const lines = [
  `${server}, seed ${seed}: ${kills} kills, ${cuts} cuts, ${starts} kills of a first start, in ${seconds} s`,
  ...[...counts].map(([what, number]) => `  ${what}: ${number}`),
  `  violations: ${violations.length}`,
  ...violations.slice(0, 50).map((text) => `    ${text}`),
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
