// Fills PostgreSQL with users, and shows how every query of every flow scales with their number. Exits with 1 when a
// request reads a whole table, or more of it than with fewer users.
//
//   npm run build && node tools/growth.mjs --sizes 10000,100000,1000000 [--runs 200] [--max-scan 1000] [--chart growth.svg]
//
// Uses the server specified by PGHOST, PGPORT, PGUSER and PGPASSWORD. A database is created for each size, and dropped.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { chart } from './growth/chart.mjs';
import { describeServer } from './growth/database.mjs';
import { measure } from './growth/measure.mjs';
import { problemsOf, report, statementsOf } from './growth/report.mjs';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    runs: { type: 'string', default: '200' },
    'max-scan': { type: 'string', default: '1000' },
    chart: { type: 'string' },
  },
});

const whole = (name, text, least) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be whole numbers from ${least}: ${text}`);
};
const sizes = values.sizes.split(',').map((text) => whole('sizes', text, 1000));
const runs = whole('runs', values.runs, 1);
const maxScan = whole('max-scan', values['max-scan'], 0);

// Plain HTTP on this machine.
process.env.NODE_ENV ??= 'test';
const results = [];
for (const users of sizes) results.push(await measure(users, runs));
process.stdout.write(`${report(results, await describeServer())}\n`);
if (values.chart) writeFileSync(values.chart, chart(results));

const statements = statementsOf(results);
const problems = problemsOf(statements, maxScan);
const count = statements.filter(({ kind }) => kind === 'request').length;
process.stdout.write(
  problems.length === 0
    ? `\n${count} statements of requests: none reads a whole table of more than ${maxScan} rows, none reads more as tables grow.\n`
    : `\nToo expensive for a request:\n${problems.map((one) => `- ${one}`).join('\n')}\n`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
