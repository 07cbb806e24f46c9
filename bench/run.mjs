// npm run bench: the library beside its peers. The exit status is 1 when anything answered other than it should.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { ensureInstalled } from './install.mjs';
import { readOptions } from './options.mjs';
import { barLines, barsOf } from './report/bars.mjs';
import { tablesOf } from './report/tables.mjs';

/** What figures can be compared with. */
const machine = () => ({
  at: new Date().toISOString(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
});

const options = readOptions();
ensureInstalled();
// Only now are all of its imports there.
const { measure } = await import('./measure.mjs');
const seen = await measure(options);
const bars = barsOf(seen, options);
const where = machine();
const how = options.storage.preparedStatements ? ', prepared statements' : '';
const head = `${where.processor}, ${where.cores} cores, Node ${where.node}, ${options.database}${how}, ${options.rounds} rounds`;
const sections = [head, tablesOf(seen, options), ...(options.hasBars ? [barLines(bars)] : [])];
process.stdout.write(`${sections.join('\n\n')}\n`);
if (options.json !== undefined) {
  const { database, storage, rounds, rate, users } = options;
  const report = { ...where, database, storage, rounds, rate, users, ...seen, bars };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
