import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * The name of the application's package without its scope: of the `package.json` nearest to the script that was started, so
 * that it is there under `node dist/main` as under `npm start`.
 *
 * @param script the path of that script; one of an installed package, such as a test or process runner, says nothing of the
 *   application, and the working directory is looked at in its place
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
    // None here, or none that can be read.
    return undefined;
  }
}
