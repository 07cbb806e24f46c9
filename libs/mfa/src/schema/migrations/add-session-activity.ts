import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/**
 * Adds where a session started and when it was last used, and which authenticator app a setup replaces. For existing
 * sessions only their start is known.
 */
export class AddSessionActivity1795687200000 extends AddedColumns {
  readonly name = 'AddSessionActivity1795687200000';

  protected readonly tables: readonly ColumnsOfTable[] = [
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
}
