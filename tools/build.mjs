// Builds the library and the applications that use it; with `--library`, only the library. The library is built twice
// from the same source: `dist/esm`, and `dist/cjs` for applications that can't load ES modules (CONTRIBUTING.md). With
// `--demo`, the only application is the demo, and types aren't checked, which takes half the time and makes the same
// files.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'libs/mfa');
const dist = join(library, 'dist');
const PROGRAMS = ['esm/cli', 'cjs/schematics'];
const EMBEDDED = 'pages/assets/embedded.js';
const isForDemo = process.argv.includes('--demo');

async function compile(project) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(
    process.execPath,
    [tsc, '-p', join(root, project), ...(isForDemo ? ['--noCheck'] : [])],
    {
      cwd: root,
    },
  ).catch(({ stdout, stderr }) => {
    process.stderr.write(stdout + stderr);
    process.exit(1);
  });
}

/** Adds the code that the bundler wrote next to the sources, of which the compiler only knows the declaration. */
async function embed() {
  const code = await readFile(join(library, 'src', EMBEDDED), 'utf8');
  const formats = { esm: code, cjs: (await transform(code, { format: 'cjs' })).code };
  for (const [folder, text] of Object.entries(formats)) {
    await mkdir(join(dist, folder, 'pages/assets'), { recursive: true });
    await writeFile(join(dist, folder, EMBEDDED), text);
  }
}

/** Programs that aren't imported need no types. */
async function removeTypes(folder) {
  const names = await readdir(join(dist, folder), { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.d.ts'))) await rm(join(dist, folder, name));
}

async function buildLibrary() {
  await rm(dist, { recursive: true, force: true });
  await import('./bundle.mjs');
  await Promise.all([compile('libs/mfa/tsconfig.lib.json'), compile('libs/mfa/tsconfig.cjs.json')]);
  await embed();
  await Promise.all(PROGRAMS.map(removeTypes));
  await writeFile(join(dist, 'cjs/package.json'), '{ "type": "commonjs", "sideEffects": false }\n');
  await cp(join(library, 'src/pages/assets/mfa.css'), join(dist, 'mfa.css'));
  for (const name of ['collection.json', 'schema.json'])
    await cp(join(library, 'src/schematics', name), join(dist, 'schematics', name));
  await chmod(join(dist, 'esm/cli/main.js'), 0o755);
}

/** Copies what belongs in the package but is kept once for the whole repository. */
async function copyDocuments() {
  await rm(join(library, 'docs'), { recursive: true, force: true });
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs'])
    await cp(join(root, name), join(library, name), { recursive: true });
}

async function buildApplication(name) {
  await rm(join(root, 'apps', name, 'dist'), { recursive: true, force: true });
  await compile(`apps/${name}/tsconfig.app.json`);
}

await buildLibrary();
await copyDocuments();
if (!process.argv.includes('--library')) {
  await Promise.all((isForDemo ? ['demo'] : ['demo', 'resource-server']).map(buildApplication));
}
