// Whether the build is up to date with the sources.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The file of each project that shows whether it is built. */
const ENTRIES = { 'libs/mfa': 'dist/esm/index.js', 'apps/demo': 'dist/main.js' };

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

/** @param project `libs/mfa` or `apps/demo` */
export function isBuilt(project) {
  const entry = join(ROOT, project, ENTRIES[project]);
  return existsSync(entry) && statSync(entry).mtimeMs >= newest(join(ROOT, project, 'src'));
}
