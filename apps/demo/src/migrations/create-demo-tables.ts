import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Table } from 'typeorm';

/** Creates the demo's own tables: its users, and the mails it would have sent. */
export class CreateDemoTables1795478300000 implements MigrationInterface {
  readonly name = 'CreateDemoTables1795478300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'demo_user',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'email', type: 'varchar', length: '190', isUnique: true },
          { name: 'password_hash', type: 'varchar', length: '255' },
        ],
      }),
      true,
    );
    await runner.createTable(
      new Table({
        name: 'demo_mail',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'sent_at', type: 'bigint' },
          { name: 'recipient', type: 'varchar', length: '190' },
          { name: 'subject', type: 'varchar', length: '255' },
          { name: 'text', type: 'text' },
          { name: 'html', type: 'text' },
        ],
        indices: [{ name: 'idx_demo_mail_sent', columnNames: ['sent_at'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('demo_mail', true);
    await runner.dropTable('demo_user', true);
  }
}
