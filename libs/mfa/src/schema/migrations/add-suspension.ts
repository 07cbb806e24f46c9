import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/** Adds since when an authenticator has been suspended after being reported as lost. Existing ones aren't suspended. */
export class AddSuspension1795730400000 extends AddedColumns {
  readonly name = 'AddSuspension1795730400000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    { name: 'authenticator', columns: { suspended_at: { type: 'bigint', nullable: true } } },
  ];
}
