import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TableColumn } from 'typeorm';

/** Adds an optional phone number to the demo's users. */
export class AddPhone1795600000000 implements MigrationInterface {
  readonly name = 'AddPhone1795600000000';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('demo_user', 'phone')) return;
    const column = new TableColumn({ name: 'phone', type: 'varchar', length: '16', isNullable: true });
    await runner.addColumn('demo_user', column);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('demo_user', 'phone');
  }
}
