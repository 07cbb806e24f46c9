// Bundles what runs in browsers, minified, each entry to one ES module, and prints its size. Exits with 1 when one is too big.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '..', '..');

/** Entry, output, and the greatest size of the output in bytes after gzip. */
const BUNDLES = [
  ['libs/mfa/src/browser/index.ts', 'libs/mfa/dist/browser/index.min.js', 10_000],
  // Beside the sources, so that tests and the build both find it; it is not kept in the repository.
  ['libs/mfa/src/pages/client/main.ts', 'libs/mfa/src/pages/assets/mfa.js', 10_000],
];

for (const [entry, output, limit] of BUNDLES) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const code = await readFile(join(root, output));
  const size = gzipSync(code).length;
  process.stdout.write(`${output}: ${size} bytes gzip of at most ${limit} (${code.length} plain)\n`);
  if (size > limit) process.exitCode = 1;
}
