import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { isBuilt } from '../tools/support/built.mjs';

/** The pair has its own folder: its two packages only work together in one version. */
const FOLDERS = ['.', 'peers/better-auth-passkey'];

/** Installs the libraries for comparison from the lock files, unless already done. */
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
