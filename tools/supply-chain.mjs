// Checks what an application installs along with nestjs-mfa. Fails if docs/security/supply-chain.md lacks a dependency
// or gives another license than the package, if a transitive dependency has a license that isn't listed, or if one runs
// an install script. Reads package-lock.json, and queries no registry.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const LIBRARY = 'libs/mfa';
const PAGE = 'docs/security/supply-chain.md';

const LICENCES = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
]);

/** Packages that only come with an optional peer, and have another license or a script. The page gives the reasons. */
const EXCEPTIONS = {
  argparse: { licence: 'Python-2.0', why: 'by way of js-yaml, of @nestjs/swagger' },
  '@scarf/scarf': { hasScript: true, why: 'by way of swagger-ui-dist, of @nestjs/swagger' },
};

const read = (name) => readFileSync(join(ROOT, name), 'utf8');
const { packages } = JSON.parse(read('package-lock.json'));
const { dependencies, peerDependencies } = JSON.parse(read(`${LIBRARY}/package.json`));

/** Where Node.js resolves a package from the given location, or undefined if it isn't installed. */
function locate(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const location = join(folder, 'node_modules', name).replaceAll('\\', '/');
    if (packages[location]) return location;
    if (folder === '.') return undefined;
  }
}

/** A package's required dependencies. Optional ones are left to the application, such as TypeORM's database drivers. */
function neededBy(location) {
  const { dependencies: own, peerDependencies: peers, peerDependenciesMeta: meta } = packages[location];
  const required = Object.keys(peers ?? {}).filter((name) => !meta?.[name]?.optional);
  return [...Object.keys(own ?? {}), ...required];
}

/** @returns the locations of all packages in the trees of these names, and the names that aren't installed */
function treeOf(names) {
  const found = new Set();
  const missing = [];
  const visit = (name, from) => {
    const location = locate(name, from);
    if (location === undefined) return void missing.push(`${name}, which ${from} needs`);
    if (found.has(location)) return;
    found.add(location);
    const { optionalDependencies } = packages[location];
    for (const one of neededBy(location)) visit(one, location);
    // The lock file doesn't have binaries for other systems.
    for (const one of Object.keys(optionalDependencies ?? {}))
      if (locate(one, location)) visit(one, location);
  };
  for (const name of names) visit(name, LIBRARY);
  return { found: [...found], missing };
}

const nameOf = (location) => location.slice(location.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Of `A OR B` one must be allowed, of `A AND B` both. */
function isAllowed(licence = '') {
  const isOne = (text) => text.split(' AND ').every((one) => LICENCES.has(one.trim()));
  return licence.replace(/[()]/g, '').split(' OR ').some(isOne);
}

/** The licenses in the page's tables, by package name. */
function tableOf(page) {
  const rows = new Map();
  let column = -1;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) column = -1;
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.includes('licence')) column = cells.indexOf('licence');
    const name = /^`([^`]+)`$/.exec(cells[1] ?? '')?.[1];
    if (column > 0 && name) rows.set(name, cells[column]);
  }
  return rows;
}

const names = Object.keys({ ...dependencies, ...peerDependencies });
const { found, missing } = treeOf(names);
const table = tableOf(read(PAGE));
const installed = found.map((location) => {
  const { license: licence, hasInstallScript: hasScript = false } = packages[location];
  return { name: nameOf(location), licence, hasScript, exception: EXCEPTIONS[nameOf(location)] };
});

const problems = [
  ...missing.map((what) => `package-lock.json lacks ${what}`),
  ...names.filter((name) => !table.has(name)).map((name) => `${PAGE} has no row for ${name}`),
  ...[...table.keys()]
    .filter((name) => !names.includes(name))
    .map((name) => `${PAGE}: ${name} is no dependency`),
  ...names
    .map((name) => [name, packages[locate(name, LIBRARY)]?.license])
    .filter(([name, licence]) => table.has(name) && table.get(name) !== licence)
    .map(([name, licence]) => `${PAGE}: the licence of ${name} is ${licence}`),
  ...installed
    .filter(({ licence, exception }) => !isAllowed(licence) && !(exception && licence === exception.licence))
    .map(({ name, licence }) => `${name} has the licence ${licence ?? '(none)'}`),
  ...installed
    .filter(({ hasScript, exception }) => hasScript && !exception?.hasScript)
    .map(({ name }) => `${name} runs a script when it is installed`),
  ...Object.keys(EXCEPTIONS)
    .filter((name) => !installed.some(({ exception }) => exception === EXCEPTIONS[name]))
    .map((name) => `${name} is not installed any more: take it out of the exceptions`),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
