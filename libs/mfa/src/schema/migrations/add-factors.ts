import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { ColumnSpec, TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const owner: ColumnSpec = { type: 'userId', primary: true };
const type: ColumnSpec = { type: 'varchar', length: 20, primary: true };
const id: ColumnSpec = { type: 'varchar', length: 36 };

const TABLES: TableSpec[] = [
  {
    name: 'factor_setup',
    keptWithUser: true,
    columns: {
      user_id: owner,
      type,
      id,
      data: { type: 'text' },
      session_id: id,
      expires_at: { type: 'bigint' },
    },
    indices: [
      { name: 'idx_mfa_factor_setup_expiry', columns: ['expires_at'] },
      { name: 'idx_mfa_factor_setup_id', columns: ['id'] },
    ],
  },
  {
    name: 'factor_challenge',
    keptWithUser: true,
    columns: {
      user_id: owner,
      type,
      session_id: { ...id, primary: true },
      id,
      authenticator_id: id,
      data: { type: 'text' },
      expires_at: { type: 'bigint' },
    },
    indices: [
      { name: 'idx_mfa_factor_challenge_expiry', columns: ['expires_at'] },
      { name: 'idx_mfa_factor_challenge_id', columns: ['id'] },
    ],
  },
];

const COLUMNS: Pick<TableSpec, 'name' | 'columns'> = {
  name: 'user_state',
  columns: {
    messages: { type: 'int', nullable: true },
    messages_from: { type: 'bigint', nullable: true },
  },
};

/**
 * Creates the tables of pluggable factors (option `factors`): setups awaiting a first code, and the challenges of
 * sessions.
 */
export class AddFactors1795668000000 implements MigrationInterface {
  readonly name = 'AddFactors1795668000000';

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of TABLES) await builder.create(table);
      await builder.addColumns(COLUMNS);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      await builder.dropColumns(COLUMNS);
      for (const table of [...TABLES].reverse()) await builder.drop(table);
    });
  }
}
