// `npm run bench`: compares the library with its peers. Exits with 1 when anything responded other than expected.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { ensureInstalled } from './install.mjs';
import { readOptions } from './options.mjs';
import { barLines, barsOf } from './report/bars.mjs';
import { tablesOf } from './report/tables.mjs';

/** What results depend on. */
const machine = () => ({
  at: new Date().toISOString(),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
});

const options = readOptions();
ensureInstalled();
// Imported only now, since its own imports have just been installed.
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
