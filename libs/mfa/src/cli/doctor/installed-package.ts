import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What a `package.json` says. */
export interface PackageJson {
  name: string;
  version: string;
  engines?: { node?: string };
  peerDependencies?: Record<string, string>;
}

export interface InstalledPackage {
  /** Where it really is. */
  folder: string;
  json: PackageJson;
}

/**
 * The package that code in that folder gets by this name. By its folder, since `exports` of a package may hide its `package.json`.
 *
 * @returns null when there is none, also where an installer keeps none in folders
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
