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

/** A user's sessions, newest first, so that the first ones are found quickly however many there are. */
const INDICES: Pick<TableSpec, 'name' | 'indices'>[] = [
  {
    name: 'session',
    indices: [{ name: 'idx_mfa_session_user_created', columns: ['user_id', 'created_at'] }],
  },
];

/**
 * Adds seals to the rows that decisions depend on, the session of a setup, when a copy of a key was detected, and since
 * when a user has (or once had) a second factor. Existing sessions and trusted browsers have no seal and become
 * invalid: their users sign in again. The application seals the existing factors the first time it boots after the
 * migration.
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

  /** Users with a factor are known to have had one; for users who had one earlier it is unknown. */
  private async rememberWhoIsEnrolled(runner: QueryRunner, builder: TableBuilder): Promise<void> {
    const states = builder.escapedPathOf('user_state');
    const rows = builder.escapedPathOf('authenticator');
    await runner.query(
      `UPDATE ${states} SET enrolled_at = (SELECT MIN(a.created_at) FROM ${rows} a ` +
        `WHERE a.user_id = ${states}.user_id AND a.type IN ('totp', 'webauthn')) WHERE enrolled_at IS NULL`,
    );
  }
}
