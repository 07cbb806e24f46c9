import type { TestApp } from './test-app.js';

/** What a request may change without anybody having gained or lost anything: counts of failures, and when somebody was last seen. */
const INCIDENTAL = ['failures', 'lockedAt', 'lastSeenAt', 'userAgent', 'ip'];

const TABLES = [
  'mfa_authenticator',
  'mfa_webauthn_credential',
  'mfa_recovery_code',
  'mfa_session',
  'mfa_trusted_device',
  'mfa_key',
];

/** All that users have and have proven: every factor, code, session and trusted browser, a line each. */
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
