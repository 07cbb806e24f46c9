import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/**
 * Adds the purpose of security keys and passkeys, and whether their maker was attested. Existing keys remain second
 * factors; whether they were attested is unknown, which satisfies no requirement.
 */
export class AddAssurance1795700000000 extends AddedColumns {
  readonly name = 'AddAssurance1795700000000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    { name: 'authenticator', columns: { role: { type: 'varchar', length: 20, nullable: true } } },
    { name: 'webauthn_credential', columns: { attested: { type: 'boolean', nullable: true } } },
  ];
}
