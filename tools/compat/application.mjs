// A new application from Nest's own starter, with the library installed from its tarball.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ROOT } from '../support/built.mjs';
import { run } from './run.mjs';

const SOURCES = fileURLToPath(new URL('application', import.meta.url));
const workspace = createRequire(join(ROOT, 'apps/demo/package.json'));
const SQLITE = workspace.resolve('better-sqlite3/package.json');

const SQLITE_VERSION = JSON.parse(readFileSync(SQLITE, 'utf8')).version;

/** The output of `nest new`, once per major version, before anything is installed. */
async function starter(nest, folder) {
  const name = `starter${nest}`;
  if (!existsSync(join(folder, name))) {
    const words = ['--yes', `@nestjs/cli@${nest}`, 'new', name, '--skip-git', '--skip-install', '-p', 'npm'];
    if (nest > 11) words.push('--no-observe');
    await run('npx', words, { cwd: folder });
  }
  return join(folder, name);
}

/** Without scripts: compiling the SQLite addon would take minutes, so the workspace's is copied. */
const INSTALL = {
  npm: ['npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']],
  pnpm: ['pnpm', ['install', '--no-frozen-lockfile', '--prefer-offline', '--ignore-scripts']],
  'yarn 1': ['yarn', ['install', '--no-lockfile', '--prefer-offline', '--ignore-scripts']],
  'yarn 4': ['yarn', ['install', '--no-immutable']],
};

function packagesOf({ nest, typeorm, database, http, builder }, tarball) {
  return {
    dependencies: {
      '@nestjs/typeorm': `^${nest}.0.0`,
      'nestjs-mfa': `file:${tarball}`,
      typeorm,
      ...(database === 'postgres' ? { pg: '^8.16.0' } : {}),
      ...(database === 'sqlite' ? { 'better-sqlite3': SQLITE_VERSION } : {}),
      ...(http === 'fastify' ? { '@nestjs/platform-fastify': `^${nest}.0.0` } : {}),
    },
    devDependencies: {
      ...(builder === 'swc' ? { '@swc/cli': nest === 11 ? '^0.7.0' : '^0.8.0', '@swc/core': '^1.10.0' } : {}),
      ...(builder.startsWith('esbuild') ? { esbuild: '^0.28.0' } : {}),
    },
  };
}

function writeJson(file, change) {
  writeFileSync(file, `${JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8'))), null, 2)}\n`);
}

/** Replaces the starter's sources by the application's; Jest, as configured in the starter, can't resolve `.js`. */
function copySources({ nest, http }, folder) {
  rmSync(join(folder, 'src'), { recursive: true });
  mkdirSync(join(folder, 'src'));
  for (const name of readdirSync(SOURCES)) {
    const [, kind] = /^main\.(\w+)\.ts$/.exec(name) ?? [];
    if (kind && kind !== http) continue;
    const text = readFileSync(join(SOURCES, name), 'utf8');
    writeFileSync(
      join(folder, 'src', kind ? 'main.ts' : name),
      nest === 11 ? text.replace(/(from '\.\/.*)\.js'/g, "$1'") : text,
    );
  }
}

/** Sets the builder the way Nest's documentation describes. */
function setBuilder({ builder }, folder) {
  const options = {
    swc: { builder: 'swc', typeCheck: true },
    webpack: { builder: 'webpack' },
    'webpack, bundled': { builder: 'webpack', webpackConfigPath: 'webpack.config.js' },
  }[builder];
  writeJson(join(folder, 'nest-cli.json'), (given) => ({
    ...given,
    compilerOptions: { ...given.compilerOptions, ...options },
  }));
  // The library is bundled; everything else stays external.
  const config = `const externals = require('webpack-node-externals');
module.exports = (options) => ({ ...options, externals: [externals({ allowlist: [/^nestjs-mfa/] })] });\n`;
  if (builder === 'webpack, bundled') writeFileSync(join(folder, 'webpack.config.js'), config);
}

/** @returns the folder of the application */
export async function makeApplication(column, { folder, env, tarball }) {
  const application = join(folder, column.name);
  cpSync(await starter(column.nest, folder), application, { recursive: true });
  const { dependencies, devDependencies } = packagesOf(column, tarball);
  writeJson(join(application, 'package.json'), (given) => ({
    ...given,
    dependencies: { ...given.dependencies, ...dependencies },
    devDependencies: { ...given.devDependencies, ...devDependencies },
    // TypeORM before 0.3.26 requires an older version.
    overrides: { typeorm: { 'better-sqlite3': SQLITE_VERSION } },
  }));
  writeFileSync(join(application, '.yarnrc.yml'), 'nodeLinker: node-modules\nenableScripts: false\n');
  copySources(column, application);
  setBuilder(column, application);
  const [command, words] = INSTALL[column.manager];
  await run(command, words, { cwd: application, env });
  if (column.database === 'sqlite') copyAddon(application);
  return application;
}

/** Copies the SQLite addon that the workspace has compiled. */
export function copyAddon(application) {
  const installed = createRequire(join(application, 'package.json')).resolve('better-sqlite3/package.json');
  cpSync(join(dirname(SQLITE), 'build'), join(dirname(installed), 'build'), { recursive: true });
}

/** The output of `nest new --strict`, before anything is installed. */
export async function copyStarter({ nest }, { folder, application }) {
  cpSync(await starter(nest, folder), application, { recursive: true });
  writeJson(join(application, 'tsconfig.json'), (given) => ({
    ...given,
    compilerOptions: {
      ...given.compilerOptions,
      strict: true,
      noImplicitAny: true,
      strictBindCallApply: true,
    },
  }));
}
