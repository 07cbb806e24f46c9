// Generates the table of attacks in docs/attacks.md from libs/mfa/src/attacks. Fails if it is out of date; `--write`
// updates it.
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';
import prettier from 'prettier';

const ROOT = resolve(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/attacks.md');
const BEGIN = '<!-- attacks: made by `npm run docs:attacks` -->\n';
const END = '<!-- /attacks -->';

/** The attack families, as defined in the library. */
async function loadFamilies() {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-attacks-'));
  const outfile = join(folder, 'attacks.cjs');
  // Bundled, so that its imports resolve from here rather than from the bundle's folder.
  await build({
    entryPoints: [join(ROOT, 'libs/mfa/src/attacks/attacks.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'error',
  });
  try {
    return createRequire(outfile)(outfile).ATTACK_FAMILIES;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cells = (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Who runs the attack, the command or a person, and what it needs of the target. */
function madeBy({ run, needs = [], lookAt }) {
  if (!run) return 'you';
  if (needs.length === 0) return 'the command';
  const names = needs.map((need) => `\`${need}\``).join(', ');
  return `with ${names}${lookAt ? ', else you' : ''}`;
}

const families = await loadFamilies();
const table = families.map(({ name, attacks }) =>
  [
    `### ${name}\n`,
    cells(['id', '', 'what is tried', 'made by', 'source']),
    '| --- | --- | --- | --- | --- |',
    ...attacks.map((attack) =>
      cells([`\`${attack.id}\``, attack.priority, attack.title, madeBy(attack), attack.sources.join('; ')]),
    ),
  ].join('\n'),
);
const before = readFileSync(PAGE, 'utf8');
const [start, end] = [before.indexOf(BEGIN), before.indexOf(END)];
if (start < 0 || end < 0) throw new Error('docs/attacks.md has no place for the table of attacks');
const text = `${before.slice(0, start)}${BEGIN}\n${table.join('\n\n')}\n\n${before.slice(end)}`;
const after = await prettier.format(text, { ...(await prettier.resolveConfig(PAGE)), parser: 'markdown' });
if (process.argv.includes('--write')) writeFileSync(PAGE, after);
else if (after !== before) {
  console.error(
    'The table of attacks in docs/attacks.md is not what the code says: run `npm run docs:attacks`.',
  );
  process.exitCode = 1;
}
