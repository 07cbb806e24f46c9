// Large packages that consist of hundreds of small CommonJS files. Each test file loads its modules again, and most of
// the cost is per file that Jest resolves and wraps, not per line. So each package is bundled into one file, which
// jest.config.js substitutes for it.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const out = join(root, 'test/fit/dist');

/**
 * Each bundle, with everything imported from the packages in it. Anything missing here would be loaded twice, as
 * different classes.
 */
const BUNDLES = {
  typeorm: ['typeorm'],
  rxjs: ['rxjs', 'rxjs/operators'],
  validation: ['class-validator', 'class-transformer', 'class-transformer/cjs/storage'],
  certificates: [
    '@peculiar/x509',
    '@peculiar/asn1-android',
    '@peculiar/asn1-ecc',
    '@peculiar/asn1-rsa',
    '@peculiar/asn1-schema',
    '@peculiar/asn1-x509',
    '@peculiar/asn1-x509-post-quantum',
  ],
  http: ['express', 'body-parser', 'cors', 'multer'],
  qrcode: ['qrcode'],
};

const fileOf = (specifier) => `${specifier.replaceAll(/\W+/g, '-').replace(/^-/, '')}.cjs`;

/** The substitute for each package, in `test/fit/dist`. */
export const CJS_PACKAGES = Object.fromEntries(
  Object.values(BUNDLES)
    .flat()
    .map((specifier) => [specifier, fileOf(specifier)]),
);

/** Must exist only once, and Jest loads it before each test file. */
const SHARED = new Set(['reflect-metadata']);

const dependencies = new Map();

/** Whether the file's own package depends on it. Optional packages, such as drivers, are left to their users. */
function dependsOn(file, name) {
  const [folder] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/'));
  if (!dependencies.has(folder)) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    dependencies.set(folder, new Set(Object.keys(manifest.dependencies ?? {})));
  }
  return dependencies.get(folder).has(name);
}

const boundsOf = (specifiers) => ({
  name: 'bounds',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (kind === 'entry-point' || specifiers.includes(path)) return undefined;
      const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(path);
      const isOwn =
        !isBuiltin(path) && !SHARED.has(name) && !(path in CJS_PACKAGES) && dependsOn(importer, name);
      return isOwn ? undefined : { path, external: true };
    });
  },
});

/**
 * Runs each file once, when it is first required, like Node.js. Each of `files` has its folder, its function, and the
 * index of each file it requires.
 */
function runtime(files) {
  const modules = [];
  const load = (index) => {
    if (modules[index]) return modules[index].exports;
    const [folder, run, links] = files[index];
    const module = { exports: {} };
    modules[index] = module;
    const requireFrom = (name) => (name in links ? load(links[name]) : require(name));
    requireFrom.resolve = require.resolve;
    run.call(module.exports, module, module.exports, requireFrom, folder);
    return module.exports;
  };
  return load;
}

/**
 * The unmodified files, each wrapped in a function. A bundler would rename some classes, whose names appear in messages
 * and tokens.
 */
async function textOf({ inputs }, specifiers) {
  const paths = Object.keys(inputs).filter((path) => path !== '<stdin>');
  const linksOf = (path) => {
    const own = inputs[path].imports.filter(({ external }) => !external);
    return Object.fromEntries(own.map(({ original, path: to }) => [original, paths.indexOf(to)]));
  };
  const texts = await Promise.all(
    paths.map(async (path) => {
      const source = await readFile(join(root, path), 'utf8');
      const body = path.endsWith('.json') ? `module.exports = ${source}` : source;
      const folder = JSON.stringify(dirname(join(root, path)));
      return `[${folder}, function (module, exports, require, __dirname) {${body}\n}, ${JSON.stringify(linksOf(path))}]`;
    }),
  );
  const links = linksOf('<stdin>');
  const entries = specifiers.map((specifier) => `exports['${specifier}'] = () => load(${links[specifier]});`);
  return `const load = (${runtime})([\n${texts.join(',\n')}\n]);\n${entries.join('\n')}\n`;
}

async function bundle([name, specifiers]) {
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: {
      contents: specifiers.map((specifier) => `require('${specifier}');`).join('\n'),
      resolveDir: root,
    },
    write: false,
    bundle: true,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    // Resolve as `require` in Node.js does, not as bundlers do.
    mainFields: ['main'],
    conditions: [],
    logLevel: 'warning',
    plugins: [boundsOf(specifiers)],
  });
  const file = `${name}.bundle.cjs`;
  await write(file, await textOf(metafile, specifiers));
  // Two statements: with one, Jest would scan the whole bundle for exports.
  for (const specifier of specifiers) {
    const stub = `const bundle = require('./${file}');\nmodule.exports = bundle['${specifier}']();\n`;
    await write(fileOf(specifier), stub);
  }
}

/** Only if the content differs: another run may be reading the file. */
async function write(file, text) {
  const path = join(out, file);
  if ((await readFile(path, 'utf8').catch(() => null)) !== text) await writeFile(path, text);
}

/** Bundles all of them. */
export async function bundleCjsPackages() {
  await mkdir(out, { recursive: true });
  await Promise.all(Object.entries(BUNDLES).map(bundle));
}
