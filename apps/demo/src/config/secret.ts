import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The demo's secret, generated on the first start and stored in a file that only its owner can read. */
export function loadOrCreateSecret(folder: string): string {
  const file = join(folder, 'mfa-secret');
  try {
    mkdirSync(folder, { recursive: true });
    // Exclusive, so that if two processes start at once, one creates it and both read it.
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
