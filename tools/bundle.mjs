// Bundles and minifies what runs in browsers, one ES module per entry, and prints the sizes. Exits with 1 when one is
// too big. What the pages serve is written to a module next to their sources, so that no files are read at run time.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const ASSETS = 'libs/mfa/src/pages/assets';

/** @param limit the maximum size in bytes, gzipped */
async function bundle(entry, limit) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [{ text }] = outputFiles;
  const size = gzipSync(text).length;
  process.stdout.write(`${entry}: ${size} bytes gzip of at most ${limit} (${text.length} plain)\n`);
  if (size > limit) process.exitCode = 1;
  return text;
}

async function write(file, text) {
  const path = join(root, file);
  // Rewriting identical content would look like a change of the sources (start.mjs).
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

await write('libs/mfa/dist/browser.min.js', await bundle('libs/mfa/src/browser/index.ts', 10_000));
const embedded = {
  STYLE_SHEET: await readFile(join(root, ASSETS, 'mfa.css'), 'utf8'),
  SCRIPT: await bundle('libs/mfa/src/pages/client/main.ts', 10_000),
};
await write(
  `${ASSETS}/embedded.js`,
  Object.entries(embedded)
    .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};\n`)
    .join(''),
);
