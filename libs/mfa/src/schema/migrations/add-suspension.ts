import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/** Since when an authenticator is suspended, as one that was lost. Those from before are not. */
export class AddSuspension1795730400000 extends AddedColumns {
  readonly name = 'AddSuspension1795730400000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    { name: 'authenticator', columns: { suspended_at: { type: 'bigint', nullable: true } } },
  ];
}
