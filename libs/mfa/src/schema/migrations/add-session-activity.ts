import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const COLUMNS: Pick<TableSpec, 'name' | 'columns'>[] = [
  {
    name: 'session',
    columns: {
      last_seen_at: { type: 'bigint', nullable: true },
      user_agent: { type: 'varchar', length: 255, nullable: true },
      ip: { type: 'varchar', length: 45, nullable: true },
    },
  },
  { name: 'totp_setup', columns: { replaces_id: { type: 'varchar', length: 36, nullable: true } } },
];

/**
 * Where a session was started and when it was last used, and which authenticator app a set-up takes the place of. Of sessions from before
 * only the beginning is known.
 */
export class AddSessionActivity1795687200000 implements MigrationInterface {
  readonly name = 'AddSessionActivity1795687200000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of COLUMNS) await builder.addColumns(table);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of COLUMNS) await builder.dropColumns(table);
    });
  }
}
