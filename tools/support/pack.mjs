// The tarball that npm would publish.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ROOT, isBuilt } from './built.mjs';

/**
 * Packs the library, building it first if there is no build or the sources are newer.
 *
 * @param folder the target folder of the tarball
 * @returns its path, its sizes in bytes, and the paths of its files
 */
export function pack(folder) {
  if (!isBuilt('libs/mfa')) {
    const { status } = spawnSync(process.execPath, ['tools/build.mjs', '--library'], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('The library does not build');
  }
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: join(ROOT, 'libs/mfa'),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const parsed = JSON.parse(answer);
  const { filename, size, unpackedSize, files } = Object.values(parsed)[0];
  return { file: join(folder, filename), size, unpackedSize, files: files.map(({ path }) => path) };
}
