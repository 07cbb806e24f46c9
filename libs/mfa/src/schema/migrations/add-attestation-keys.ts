import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/**
 * By which keys a key was attested, and whether its model was reported as revoked. Of keys from before the first is not known: a report
 * about a batch is taken to be about them too.
 */
export class AddAttestationKeys1795726800000 extends AddedColumns {
  readonly name = 'AddAttestationKeys1795726800000';

  protected readonly tables: readonly ColumnsOfTable[] = [
    {
      name: 'webauthn_credential',
      columns: {
        attestation_keys: { type: 'varchar', length: 400, nullable: true },
        model_rejected_at: { type: 'bigint', nullable: true },
      },
    },
  ];
}
