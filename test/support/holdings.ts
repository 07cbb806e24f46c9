import type { TestApp } from './test-app.js';

/**
 * Columns that a request may change without anyone gaining or losing anything: failure counts, and when a user was last
 * seen.
 */
const INCIDENTAL = ['failures', 'lockedAt', 'lastSeenAt', 'userAgent', 'ip'];

const TABLES = [
  'mfa_authenticator',
  'mfa_webauthn_credential',
  'mfa_recovery_code',
  'mfa_session',
  'mfa_trusted_device',
  'mfa_key',
];

/** Everything users have and have proven: each factor, code, session and trusted browser, one per line. */
export async function holdings({ dataSource }: TestApp): Promise<string[]> {
  const lines: string[] = [];
  for (const { tableName, target } of dataSource.entityMetadatas) {
    if (!TABLES.includes(tableName)) continue;
    for (const row of await dataSource.getRepository(target).find()) {
      const kept = Object.entries(row).filter(([column]) => !INCIDENTAL.includes(column));
      lines.push(`${tableName} ${JSON.stringify(kept)}`);
    }
  }
  return lines.sort();
}
