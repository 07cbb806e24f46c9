// The programs of a column, installed from npm: its Node.js version and its package manager.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { run } from './run.mjs';

const MANAGERS = { pnpm: 'pnpm@^10', 'yarn 1': 'yarn@^1.22', 'yarn 4': '@yarnpkg/cli-dist@^4' };

/** Installs packages into their own folder, once. */
async function provide(folder, name) {
  if (!existsSync(join(folder, 'node_modules'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', name], { cwd: folder });
  }
  return join(folder, 'node_modules');
}

/**
 * The environment for a column's commands.
 *
 * @param folder where programs are kept for all columns
 */
export async function environmentOf({ node, manager }, folder) {
  const paths = [];
  if (node) {
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    const modules = await provide(join(folder, `node${node}`), `${name}@${node}`);
    paths.push(join(modules, name, 'bin'));
  }
  if (MANAGERS[manager]) {
    const modules = await provide(join(folder, manager.replace(' ', '')), MANAGERS[manager]);
    paths.push(join(modules, '.bin'));
  }
  return {
    // Without the variables npm sets for the scripts it runs, which would affect the application's npm.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
    PATH: [...paths, process.env.PATH].join(delimiter),
    CI: 'true',
    NODE_ENV: 'development',
    NODE_OPTIONS: '',
    YARN_ENABLE_TELEMETRY: '0',
  };
}
