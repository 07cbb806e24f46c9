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

/** Removes the lease of the purge, which is no longer needed: instances may remove expired rows concurrently. */
export class DropLeases1795671600000 implements MigrationInterface {
  readonly name = 'DropLeases1795671600000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, () => new TableBuilder(runner).drop(LEASE));
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, () => new TableBuilder(runner).create(LEASE));
  }
}
