import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import type { Finding } from './finding.js';
import { advice, fine, problem } from './finding.js';

/** Bytes. Larger files aren't source files. */
const BIGGEST_SOURCE = 1_000_000;

const REPLACE =
  'Anyone who can read the repository has it: replace it with a new one (docs/storage.md, "Replacing the secret"), keep that out of the sources, and add `.env` to .gitignore';

/**
 * Checks where the secrets are kept.
 *
 * @param folder the application's folder
 * @param secrets the application's secrets; null if it didn't boot: those in the environment and `.env` are checked
 * then
 */
export function checkSecret(folder: string, secrets: readonly string[] | null): Finding[] {
  const known = (secrets ?? secretsAround(folder)).filter((one) => one !== '');
  if (known.length === 0) {
    const remedy = 'Set the option `secret` to at least 32 random bytes, from `openssl rand -base64 32`';
    return [advice('MFA_SECRET is neither in the environment nor in .env', remedy)];
  }
  const committed = trackedFiles(folder).filter((file) => holdsOne(join(folder, file), known));
  if (committed.length > 0) {
    return [problem(`The secret is committed to git, in ${committed.join(', ')}`, REPLACE)];
  }
  return [fine('No file that git tracks contains the secret')];
}

function secretsAround(folder: string): string[] {
  const file = join(folder, '.env');
  const written = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return (process.env['MFA_SECRET'] ?? written['MFA_SECRET'] ?? '').split(',').map((one) => one.trim());
}

/** The files that git tracks; none without git or outside a repository. */
function trackedFiles(folder: string): string[] {
  try {
    const words = ['ls-files', '-z'];
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', words, { cwd: folder, encoding: 'utf8', stdio }).split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

function holdsOne(file: string, secrets: readonly string[]): boolean {
  if (!existsSync(file)) return false;
  const found = statSync(file);
  if (!found.isFile() || found.size > BIGGEST_SOURCE) return false;
  const text = readFileSync(file, 'utf8');
  return secrets.some((one) => text.includes(one));
}
