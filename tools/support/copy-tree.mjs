import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { ROOT } from './built.mjs';

/** Copies the files that Git tracks, in their current state on disk. */
export function copyTree(folder) {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((one) => one !== '' && existsSync(join(ROOT, one)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
}

/** Links the installed packages into the copy; packages of this repository resolve to the copy's own. */
export function linkPackages(copy) {
  for (const workspace of ['', 'libs/mfa', 'apps/demo', 'apps/resource-server']) {
    const folder = join(workspace, 'node_modules');
    if (!existsSync(join(ROOT, folder))) continue;
    mkdirSync(join(copy, folder), { recursive: true });
    for (const name of readdirSync(join(ROOT, folder))) {
      const isOurs = name.startsWith('nestjs-mfa');
      const target = isOurs ? join('..', workspaceOf(name)) : join(ROOT, folder, name);
      symlinkSync(target, join(copy, folder, name));
    }
  }
}

function workspaceOf(name) {
  return name === 'nestjs-mfa' ? 'libs/mfa' : `apps/${name.replace('nestjs-mfa-', '')}`;
}
