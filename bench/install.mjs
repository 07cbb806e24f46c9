import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { isBuilt } from '../tools/support/built.mjs';

/** The pair has a folder of its own: its two packages go together in one version only. */
const FOLDERS = ['.', 'peers/better-auth-passkey'];

/** Installs what the library is compared with, as the lock files have it, where that has not been done yet. */
export function ensureInstalled() {
  if (!isBuilt('libs/mfa')) throw new Error('The build is older than the sources: npm run build');
  for (const folder of FOLDERS.map((one) => fileURLToPath(new URL(one, import.meta.url)))) {
    if (existsSync(`${folder}/node_modules`)) continue;
    process.stderr.write(`installing ${folder}\n`);
    const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(`npm can't install what is compared with, in ${folder}`);
  }
}
