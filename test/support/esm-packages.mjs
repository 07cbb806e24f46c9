// Packages for Nest that are CommonJS still. Node lets them require Nest 12, which has ES modules only; Jest can't yet. So each is bundled to an ES
// module that imports what it required, and jest.config.js puts that in its place.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);

/** Their names, and those of the modules in `test/fit/dist` that stand for them. */
export const ESM_PACKAGES = {
  '@nestjs/throttler': 'throttler',
  'nestjs-cls': 'cls',
  '@nestjs-cls/transactional': 'transactional',
  '@nestjs-cls/transactional-adapter-typeorm': 'transactional-adapter-typeorm',
};

/** What they require and is not theirs: it is imported, so that there is one copy of it, and handed to whoever requires it. */
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

/** The entry of a package: what CommonJS exports has to be named in an ES module. */
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

/** Writes them, where they are not there as they are to be: another run may be reading them. */
export async function bundleEsmPackages() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(ESM_PACKAGES).map(([name, out]) => ({ in: `entry:${name}`, out })),
    outdir: 'test/fit/dist',
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    // One copy of what several of them share.
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
