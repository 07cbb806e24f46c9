// Generates the table of options in README.md from their declarations in libs/mfa/src/options. Fails if it is out of
// date; `--write` updates it.
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';
import prettier from 'prettier';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const OPTIONS = join(ROOT, 'libs/mfa/src/options');
const README = join(ROOT, 'README.md');
const BEGIN = '<!-- options: made by `npm run docs:options` -->\n';
const END = '<!-- /options -->';

/** The docstrings of a file's options, by the names of table and option. */
function commentsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const comments = new Map();
  for (const statement of source.statements.filter(ts.isVariableStatement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!initializer || !ts.isObjectLiteralExpression(initializer)) continue;
      for (const property of initializer.properties) {
        const [doc] = ts.getJSDocCommentsAndTags(property);
        if (doc && property.name) comments.set(`${name.text}.${property.name.text}`, plain(doc.comment));
      }
    }
  }
  return comments;
}

const plain = (comment) => (typeof comment === 'string' ? comment : '').replace(/\s+/g, ' ').trim();

/** The option tables of the library, by the names of their constants. */
async function loadTables() {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-options-'));
  const outfile = join(folder, 'options.cjs');
  const files = readdirSync(OPTIONS).filter((file) => /options\.ts$/.test(file));
  await build({
    stdin: {
      contents: files.map((file) => `export * from './${file.replace(/\.ts$/, '.js')}';`).join('\n'),
      resolveDir: OPTIONS,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'error',
  });
  try {
    return createRequire(outfile)(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(table, names, comments, prefix = '') {
  return Object.entries(table).flatMap(([name, option]) => {
    const meaning = comments.get(`${names.get(table)}.${name}`) ?? '';
    const own =
      option.kind === 'group' ? [] : [[`\`${prefix}${name}\``, option.usual, option.range, meaning]];
    return [...own, ...(option.table ? rowsOf(option.table, names, comments, `${prefix}${name}.`) : [])];
  });
}

const tables = await loadTables();
const names = new Map(Object.entries(tables).map(([name, value]) => [value, name]));
const comments = new Map(
  readdirSync(OPTIONS)
    .filter((file) => /options\.ts$/.test(file))
    .flatMap((file) => [...commentsOf(join(OPTIONS, file))]),
);
const rows = rowsOf(tables.BEHAVIOUR_OPTIONS, names, comments);
const unsaid = rows.filter(([, , , meaning]) => meaning === '').map(([name]) => name);
if (unsaid.length > 0) throw new Error(`These options have no comment: ${unsaid.join(', ')}`);

const cells = (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = [
  cells(['option', 'default', 'allowed values', 'meaning']),
  '| --- | --- | --- | --- |',
  ...rows.map(cells),
].join('\n');
const before = readFileSync(README, 'utf8');
const [start, end] = [before.indexOf(BEGIN), before.indexOf(END)];
if (start < 0 || end < 0) throw new Error('README.md has no place for the table of options');
const after = await prettier.format(`${before.slice(0, start)}${BEGIN}\n${table}\n\n${before.slice(end)}`, {
  ...(await prettier.resolveConfig(README)),
  parser: 'markdown',
});
if (process.argv.includes('--write')) writeFileSync(README, after);
else if (after !== before) {
  console.error('The table of options in README.md is out of date: run `npm run docs:options`.');
  process.exitCode = 1;
}
