import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Finds a key of the other system by its name there. */
export type ImportKeys = (name: string) => string | undefined;

/**
 * Reads keys from a file in `.env` format, or from the environment. Never from the command line, which other users of
 * the machine can see and the shell remembers.
 */
export function importKeys(file?: string): ImportKeys {
  const values = file === undefined ? process.env : parseEnv(readFileSync(file, 'utf8'));
  return (name) => values[name] || undefined;
}

/**
 * Laravel's `APP_KEY`, followed by those in `APP_PREVIOUS_KEYS`.
 *
 * @throws {Error} when there is no `APP_KEY`
 */
export function laravelKeys(keys: ImportKeys): string[] {
  const present = keys('APP_KEY');
  if (present === undefined) throw new Error(missing('APP_KEY'));
  const former = (keys('APP_PREVIOUS_KEYS') ?? '').split(',').map((key) => key.trim());
  return [present, ...former.filter(Boolean)];
}

/**
 * better-auth's `BETTER_AUTH_SECRET`, and `BETTER_AUTH_SECRETS`: comma-separated `<version>:<secret>` pairs.
 *
 * @throws {Error} when neither is set, or an entry is malformed; the message doesn't quote the entry
 */
export function betterAuthSecrets(keys: ImportKeys): { secret?: string; secrets?: Record<number, string> } {
  const secret = keys('BETTER_AUTH_SECRET');
  const versions = keys('BETTER_AUTH_SECRETS');
  if (secret === undefined && versions === undefined) throw new Error(missing('BETTER_AUTH_SECRET'));
  return {
    ...(secret === undefined ? {} : { secret }),
    ...(versions === undefined ? {} : { secrets: Object.fromEntries(versions.split(',').map(versionOf)) }),
  };
}

function versionOf(entry: string, index: number): [number, string] {
  const [, version, rest = ''] = /^\s*(\d{1,9})\s*:(.*)$/s.exec(entry) ?? [];
  const secret = rest.trim();
  if (version === undefined || secret === '') {
    throw new Error(`Entry ${index + 1} of BETTER_AUTH_SECRETS must be <version>:<secret>`);
  }
  return [Number(version), secret];
}

function missing(name: string): string {
  return `${name} is needed: set it in the environment, or pass the file that contains it with --keys`;
}
