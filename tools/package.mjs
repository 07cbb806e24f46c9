// Checks the package as npm would publish it: its files and size, whether every kind of module resolution finds code
// and types, and whether both formats give an application the same classes. Exits with 1 when anything is wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';

import { ROOT } from './support/built.mjs';
import { pack } from './support/pack.mjs';

/** The maximum sizes, in bytes. */
const PACKED = 1_250_000;
const UNPACKED = 7_400_000;

const INSIDE = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'package.json',
  'dist/browser.min.js',
  'dist/mfa.css',
  'dist/schematics/collection.json',
  'dist/schematics/schema.json',
];
/** Tests, sources, and references to sources that aren't in the package. */
const OUTSIDE = /\.spec\.|^src\/|\.map$|\.tsx?$(?<!\.d\.ts)/;

const SUBPATHS = [
  '',
  '/attacks',
  '/browser',
  '/pages',
  '/claims',
  '/import',
  '/opentelemetry',
  '/terminus',
  '/testing',
];

/** Used only here, so not among the dependencies. */
const PUBLINT = 'publint@0.3.25';
const ATTW = '@arethetypeswrong/cli@0.18.5';

function run(command, ...words) {
  const { status } = spawnSync(command, words, {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  assert.equal(status, 0, `${command} ${words.join(' ')}`);
}

function lookInside({ size, unpackedSize, files }) {
  process.stdout.write(
    `${size} bytes packed of at most ${PACKED}, ${unpackedSize} unpacked of at most ${UNPACKED}, ${files.length} files\n`,
  );
  assert.ok(size <= PACKED && unpackedSize <= UNPACKED, 'The package is too big');
  for (const name of INSIDE) assert.ok(files.includes(name), `${name} is missing`);
  assert.deepEqual(
    files.filter((name) => OUTSIDE.test(name)),
    [],
  );
  for (const name of files.filter((one) => /^dist\/(cjs|esm)\/.*\.js$/.test(one)))
    assert.doesNotMatch(readFileSync(join(ROOT, 'libs/mfa', name), 'utf8'), /import\.meta/, name);
}

/** An import of a package that is only installed in this repository would be missing in every application. */
function lookAtImports(files) {
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'libs/mfa/package.json'), 'utf8'),
  );
  const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies }));
  for (const name of files.filter((one) => /^dist\/esm\/.*\.js$/.test(one))) {
    const text = readFileSync(join(ROOT, 'libs/mfa', name), 'utf8');
    for (const [, found] of text.matchAll(
      /^(?:import|export) (?:[^;'"=]* from )?['"]([^.'"][^'"]*)['"];$/gm,
    )) {
      const [, of] = /^((?:@[^/]+\/)?[^/]+)/.exec(found);
      assert.ok(declared.has(of) || isBuiltin(found), `${name} imports ${found}, which is no dependency`);
    }
  }
}

/** Checks that both formats give the same classes, whichever is loaded first. */
function loadBoth() {
  const program = `
    import assert from 'node:assert/strict';
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const isFirst = process.argv[1] === 'require';
    for (const name of ${JSON.stringify(SUBPATHS.map((path) => `nestjs-mfa${path}`))}) {
      const early = isFirst ? require(name) : undefined;
      const imported = await import(name);
      const required = early ?? require(name);
      assert.ok(Object.keys(imported).length > 0, name);
      for (const key of Object.keys(imported)) assert.equal(required[key], imported[key], name + ' ' + key);
    }`;
  for (const first of ['require', 'import'])
    run(process.execPath, '--input-type=module', '--eval', program, first);
}

/** The same in an application bundled as ES modules that includes a package which requires the library. */
async function bundleBoth(folder) {
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'libs/mfa/package.json'), 'utf8'),
  );
  const program = `
    import { MfaGuard } from 'nestjs-mfa';
    if (require('nestjs-mfa').MfaGuard !== MfaGuard) throw new Error('The bundle has the library twice');`;
  const outfile = join(folder, 'bundle.cjs');
  await build({
    stdin: { contents: program, resolveDir: ROOT },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: Object.keys({ ...dependencies, ...peerDependencies }),
    outfile,
    // The repository's own configuration resolves the library to its sources.
    tsconfigRaw: {},
    logLevel: 'error',
  });
  const { status } = spawnSync(process.execPath, [outfile], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, NODE_PATH: join(ROOT, 'node_modules') },
  });
  assert.equal(status, 0, 'a bundle that imports and requires the library');
}

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-package-'));
try {
  const packed = pack(folder);
  lookInside(packed);
  lookAtImports(packed.files);
  loadBoth();
  await bundleBoth(folder);
  run('npx', '--yes', PUBLINT, packed.file, '--strict');
  // A file for pages, not a Node.js module.
  run('npx', '--yes', ATTW, packed.file, '--no-emoji', '--exclude-entrypoints', 'browser.min.js');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
