import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TableColumn } from 'typeorm';

/** Adds the channel of a message in the outbox; null means email. */
export class AddChannel1795670000000 implements MigrationInterface {
  readonly name = 'AddChannel1795670000000';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('demo_mail', 'channel')) return;
    const column = new TableColumn({ name: 'channel', type: 'varchar', length: '10', isNullable: true });
    await runner.addColumn('demo_mail', column);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('demo_mail', 'channel');
  }
}
