import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * The name of the application's package without its scope, from the `package.json` nearest to the script that was started. This works for
 * both `node dist/main` and `npm start`.
 *
 * @param script the path of that script. A script of an installed package, such as a test runner or a process manager, says nothing about
 *   the application; the working directory is used instead
 */
export function findPackageName(
  script: string | undefined = process.argv[1],
  directory: string = process.cwd(),
): string | undefined {
  const isOfApplication = script !== undefined && !script.split(sep).includes('node_modules');
  for (let at = isOfApplication ? dirname(script) : directory; ; at = dirname(at)) {
    const name = readName(join(at, 'package.json'));
    if (name !== undefined) return name;
    if (at === dirname(at)) return undefined;
  }
}

function readName(file: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown };
    if (typeof name !== 'string') return undefined;
    return name.replace(/^@[^/]*\//, '') || undefined;
  } catch {
    // There is no readable package.json here.
    return undefined;
  }
}
