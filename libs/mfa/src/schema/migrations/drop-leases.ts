import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const LEASE: TableSpec = {
  name: 'lease',
  columns: {
    name: { type: 'varchar', length: 50, primary: true },
    holder: { type: 'varchar', length: 36 },
    expires_at: { type: 'bigint' },
  },
};

/** The purge needs no lease any more: instances may remove what has expired at the same time. */
export class DropLeases1795671600000 implements MigrationInterface {
  readonly name = 'DropLeases1795671600000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, () => new TableBuilder(runner).drop(LEASE));
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, () => new TableBuilder(runner).create(LEASE));
  }
}
