import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/** Adds when a recovery code key was replaced. The existing key is the current one. */
export class AddKeyRetirement1795721600000 extends AddedColumns {
  readonly name = 'AddKeyRetirement1795721600000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    { name: 'key', columns: { retired_at: { type: 'bigint', nullable: true } } },
  ];
}
