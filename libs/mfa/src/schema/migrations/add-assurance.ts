import type { MigrationInterface, QueryRunner } from 'typeorm';

import { oneAtATime } from './migration-lock.js';
import type { TableSpec } from './table-builder.js';
import { TableBuilder } from './table-builder.js';

const COLUMNS: Pick<TableSpec, 'name' | 'columns'>[] = [
  { name: 'authenticator', columns: { role: { type: 'varchar', length: 20, nullable: true } } },
  { name: 'webauthn_credential', columns: { attested: { type: 'boolean', nullable: true } } },
];

/**
 * What passkeys are for, and whether the maker of a key was attested. Keys from before are second factors, as they were; whether
 * they were attested is not known, which meets no requirement.
 */
export class AddAssurance1795700000000 implements MigrationInterface {
  readonly name = 'AddAssurance1795700000000';

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
