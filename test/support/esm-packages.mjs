// Nest packages that are still CommonJS. Node.js lets them require Nest 12, which only has ES modules; Jest can't yet.
// So each is bundled into an ES module that imports what it required, which jest.config.js substitutes for it.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);

/** Their names, and those of their substitutes in `test/fit/dist`. */
export const ESM_PACKAGES = {
  '@nestjs/throttler': 'throttler',
  'nestjs-cls': 'cls',
  '@nestjs-cls/transactional': 'transactional',
  '@nestjs-cls/transactional-adapter-typeorm': 'transactional-adapter-typeorm',
};

/** Their external dependencies: imported, so that there is one copy, and passed to whatever requires them. */
const foreign = {
  name: 'foreign',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
      const isForeign =
        isBuiltin(path) || /^(@nestjs\/(common|core)|typeorm|rxjs|reflect-metadata)(\/|$)/.test(path);
      if (!isForeign) return undefined;
      return kind === 'require-call' ? { path, namespace: 'foreign' } : { path, external: true };
    });
    onLoad({ filter: /./, namespace: 'foreign' }, ({ path }) => ({
      contents: `export * from '${path}';`,
      resolveDir: root,
    }));
  },
};

/** The entry of a package: CommonJS exports must be named in an ES module. */
const entries = {
  name: 'entries',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^entry:/ }, ({ path }) => ({
      path: path.slice('entry:'.length),
      namespace: 'entry',
    }));
    onLoad({ filter: /./, namespace: 'entry' }, ({ path }) => {
      const names = Object.keys(require(path)).filter((name) => name !== 'default');
      const contents = `import * as all from '${path}';\nexport const { ${names.join(', ')} } = all;`;
      return { contents, resolveDir: root };
    });
  },
};

/** Writes files whose content differs: another run may be reading them. */
export async function bundleEsmPackages() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(ESM_PACKAGES).map(([name, out]) => ({ in: `entry:${name}`, out })),
    outdir: 'test/fit/dist',
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    // A single copy of code that several of them share.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    keepNames: true,
    logLevel: 'warning',
    plugins: [entries, foreign],
  });
  await mkdir(join(root, 'test/fit/dist'), { recursive: true });
  for (const { path, text } of outputFiles) {
    if ((await readFile(path, 'utf8').catch(() => null)) !== text) await writeFile(path, text);
  }
}
