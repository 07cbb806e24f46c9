import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

/** Columns to add to a table. */
export type ColumnsOfTable = Pick<TableSpec, 'name' | 'columns'>;

/** A migration that only adds columns. */
export abstract class AddedColumns implements MigrationInterface {
  /** Includes the timestamp by which TypeORM sorts. */
  abstract readonly name: string;
  protected abstract readonly tables: readonly ColumnsOfTable[];

  async up(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of this.tables) await builder.addColumns(table);
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await oneAtATime(runner, async () => {
      const builder = new TableBuilder(runner);
      for (const table of this.tables) await builder.dropColumns(table);
    });
  }
}
