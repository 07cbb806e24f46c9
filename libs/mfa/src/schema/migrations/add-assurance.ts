import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/**
 * What passkeys are for, and whether the maker of a key was attested. Keys from before are second factors, as they were; whether
 * they were attested is not known, which meets no requirement.
 */
export class AddAssurance1795700000000 extends AddedColumns {
  readonly name = 'AddAssurance1795700000000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    { name: 'authenticator', columns: { role: { type: 'varchar', length: 20, nullable: true } } },
    { name: 'webauthn_credential', columns: { attested: { type: 'boolean', nullable: true } } },
  ];
}
