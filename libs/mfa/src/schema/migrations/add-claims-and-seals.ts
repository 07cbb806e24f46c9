import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { ColumnSpec, TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const seal: ColumnSpec = { type: 'varchar', length: 64, nullable: true };

const moment: ColumnSpec = { type: 'bigint', nullable: true };

const COLUMNS: Pick<TableSpec, 'name' | 'columns'>[] = [
  { name: 'session', columns: { seal, ttl_seconds: { type: 'int', nullable: true } } },
  { name: 'authenticator', columns: { seal } },
  { name: 'webauthn_credential', columns: { seal } },
  { name: 'trusted_device', columns: { seal } },
  { name: 'totp_setup', columns: { session_id: { type: 'varchar', length: 36, nullable: true } } },
  { name: 'authenticator', columns: { cloned_at: moment } },
  { name: 'user_state', columns: { enrolled_at: moment, exhausted_told_at: moment } },
  { name: 'trusted_device', columns: { older_tokens: { type: 'text', nullable: true } } },
];

/** A user's sessions, the newest first: however many there are, the first of them are found at once. */
const INDICES: Pick<TableSpec, 'name' | 'indices'>[] = [
  {
    name: 'session',
    indices: [{ name: 'idx_mfa_session_user_created', columns: ['user_id', 'created_at'] }],
  },
];

/**
 * Seals on the rows that decide, the session that a set-up belongs to, when a copy of a key turned up, and since when a user
 * has (or once had) a second factor. Sessions from before have no seal and are over: their users sign in once more; so is the
 * trust in browsers. The factors from before are sealed by the application when it boots for the first time after it.
 */
export class AddClaimsAndSeals1795651200000 implements MigrationInterface {
  readonly name = 'AddClaimsAndSeals1795651200000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of COLUMNS) await builder.addColumns(table);
      for (const table of INDICES) await builder.addIndices(table);
      await this.rememberWhoIsEnrolled(runner, builder);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of INDICES) await builder.dropIndices(table);
      for (const table of COLUMNS) await builder.dropColumns(table);
    });
  }

  /** Of those who have a factor now it is known that they had one; of those who had one before it is not. */
  private async rememberWhoIsEnrolled(runner: QueryRunner, builder: TableBuilder): Promise<void> {
    const states = builder.escapedPathOf('user_state');
    const rows = builder.escapedPathOf('authenticator');
    await runner.query(
      `UPDATE ${states} SET enrolled_at = (SELECT MIN(a.created_at) FROM ${rows} a ` +
        `WHERE a.user_id = ${states}.user_id AND a.type IN ('totp', 'webauthn')) WHERE enrolled_at IS NULL`,
    );
  }
}
