import { join } from 'node:path';

import { run } from './run.mjs';

/** Left outside the bundle: drivers and parts of Nest that are not installed, and the addon of SQLite. */
const OUTSIDE = ['typeorm', 'better-sqlite3', '@nestjs/*', 'class-validator', 'class-transformer'];

/** Builds and tests the application with its own scripts. @returns the words that start it */
export async function buildApplication({ nest, builder, manager }, { application, env }) {
  const [program] = manager.split(' ');
  const inside = { cwd: application, env };
  await run(program, ['run', 'build'], inside);
  await run(program, ['run', 'test'], inside);
  if (nest === 11 && builder === 'tsc') await checkClassicTypes(inside);
  if (builder !== 'esbuild, bundled') return ['dist/main.js'];
  const words = ['dist/main.js', '--bundle', '--platform=node', '--format=esm', '--outfile=dist/bundle.mjs'];
  // Packages of CommonJS inside a bundle of ES modules ask for modules of Node.js.
  words.push(
    "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  );
  await run(
    join(application, 'node_modules/.bin/esbuild'),
    [...words, ...OUTSIDE.map((name) => `--external:${name}`)],
    inside,
  );
  return ['dist/bundle.mjs'];
}

/** Applications that are older than `exports` in package.json find types in `main` and `typesVersions`. */
async function checkClassicTypes(inside) {
  const words = ['tsc', '--noEmit', '-p', 'tsconfig.build.json', '--module', 'commonjs'];
  words.push('--moduleResolution', 'node10', '--resolvePackageJsonExports', 'false');
  await run('npx', words, inside);
}
