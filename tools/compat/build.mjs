import { join } from 'node:path';

import { run } from './run.mjs';

/** Not bundled: drivers and parts of Nest that aren't installed, and the SQLite addon. */
const OUTSIDE = ['typeorm', 'better-sqlite3', '@nestjs/*', 'class-validator', 'class-transformer'];

/**
 * Builds and tests the application with its own scripts.
 *
 * @returns the arguments that start it
 */
export async function buildApplication({ nest, builder, manager }, { application, env }) {
  const [program] = manager.split(' ');
  const inside = { cwd: application, env };
  await run(program, ['run', 'build'], inside);
  await run(program, ['run', 'test'], inside);
  if (nest === 11 && builder === 'tsc') await checkClassicTypes(inside);
  if (builder !== 'esbuild, bundled') return ['dist/main.js'];
  const words = ['dist/main.js', '--bundle', '--platform=node', '--format=esm', '--outfile=dist/bundle.mjs'];
  // CommonJS packages within an ES module bundle require Node.js modules.
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

/** Applications without support for `exports` in package.json find types by `main` and `typesVersions`. */
async function checkClassicTypes(inside) {
  const words = ['tsc', '--noEmit', '-p', 'tsconfig.build.json', '--module', 'commonjs'];
  words.push('--moduleResolution', 'node10', '--resolvePackageJsonExports', 'false');
  await run('npx', words, inside);
}
