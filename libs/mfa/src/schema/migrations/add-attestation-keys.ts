import { AddedColumns } from './added-columns.js';
import type { ColumnsOfTable } from './added-columns.js';

/**
 * Adds the keys that attested a security key, and whether its model was reported as revoked. For existing keys the
 * former is unknown: a report about a batch is assumed to affect them.
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
