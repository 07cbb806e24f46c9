import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The parts of a `package.json` that are read. */
export interface PackageJson {
  name: string;
  version: string;
  engines?: { node?: string };
  peerDependencies?: Record<string, string>;
}

export interface InstalledPackage {
  /** The real path, with symbolic links resolved. */
  folder: string;
  json: PackageJson;
}

/**
 * Finds the package that code in `from` would load under this name. Searches folders, since a package's `exports` may
 * hide its `package.json`.
 *
 * @returns null if there is none, or the installer doesn't keep packages in folders
 */
export function findPackage(name: string, from: string): InstalledPackage | null {
  const require = createRequire(join(from, 'package.json'));
  for (const modules of require.resolve.paths(name) ?? []) {
    const folder = join(modules, name);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    return { folder: realpathSync(folder), json: JSON.parse(text) as PackageJson };
  }
  return null;
}
