// Packs the library, installs the tarball into new applications, and signs in to each over HTTP. Prints a table, which
// `--write` puts into the README. `--quick` runs only the columns that take a few minutes, names of columns select
// columns, `--keep` keeps the applications. Columns on PostgreSQL need the server specified by PGHOST, PGPORT, PGUSER
// and PGPASSWORD.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { makeApplication } from './compat/application.mjs';
import { buildApplication } from './compat/build.mjs';
import { choose } from './compat/columns.mjs';
import { environmentOf } from './compat/environment.mjs';
import { tryFirstScreen } from './compat/first-screen.mjs';
import { run } from './compat/run.mjs';
import { tryNestAdd } from './compat/nest-add.mjs';
import { tell } from './compat/story.mjs';
import { describe, tableOf, writeTable } from './compat/table.mjs';
import { createDatabase } from './support/databases.mjs';
import { pack } from './support/pack.mjs';

const words = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-compat-'));

/** What each kind of column runs. Returns a table row, or null. */
const KINDS = { story: tellStory, readme: tryFirstScreen, add: tryNestAdd };

async function tellStory(column, { tarball, env }) {
  const application = await makeApplication(column, { folder, env, tarball });
  const packageJson = createRequire(join(application, 'package.json')).resolve('nestjs-mfa/package.json');
  const databases = [await createDatabase(column.database), await createDatabase(column.database)];
  try {
    const [tests, story] = databases.map(({ orm }) => ({ ...env, DATABASE: JSON.stringify(orm) }));
    const start = await buildApplication(column, { application, env: tests });
    const bin = join(dirname(packageJson), 'dist/esm/cli/main.js');
    await tell({ application, env: story, words: start, bin });
  } finally {
    for (const database of databases) await database.drop();
  }
  const node = (await run('node', ['--version'], { cwd: application, env })).trim().slice(1);
  return describe(column, { application, node });
}

const rows = [];
try {
  const columns = choose(words);
  const { file: tarball } = pack(folder);
  for (const column of columns) {
    const began = Date.now();
    let result = 'works';
    let row = null;
    try {
      const env = await environmentOf(column, folder);
      row = (await KINDS[column.kind](column, { folder, env, tarball })) ?? null;
    } catch (error) {
      process.stderr.write(`${column.name}: ${error.stack}\n`);
      result = 'fails';
      if (column.kind === 'story') row = describe(column, {});
      process.exitCode = 1;
    }
    if (row) rows.push({ ...row, result });
    const seconds = Math.round((Date.now() - began) / 1000);
    process.stdout.write(`${column.name}: ${result} (${seconds} s)\n`);
    if (!words.includes('--keep')) rmSync(join(folder, column.name), { recursive: true, force: true });
  }
  if (rows.length > 0) process.stdout.write(`\n${tableOf(rows)}`);
  // A partial table would replace the rest.
  const isWhole = columns.length === choose([]).length;
  if (words.includes('--write') && isWhole) await writeTable(rows);
} finally {
  if (words.includes('--keep')) process.stdout.write(`\nThe applications are in ${folder}\n`);
  else rmSync(folder, { recursive: true, force: true });
}
