import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { SealedFields } from '../../core/crypto/keyed-hash.js';
import { hasSeal, sealRow } from '../../core/crypto/keyed-hash.js';
import type { Authenticator } from '../rows/authenticator.entity.js';

const TABLE = 'authenticator';

type Sealed = Pick<Authenticator, 'id' | 'userId' | 'type' | 'data' | 'lastStep'>;

/**
 * The seal of a row whose own columns verify a proof, as an authenticator app's. What it verifies with is covered too, whatever
 * the adapter encrypts it with. Null for the other types, whose proofs are verified by rows of their own.
 */
export function sealAuthenticator(keyRing: KeyRing, row: Sealed): string | null {
  return isSealed(row) ? sealRow(keyRing, TABLE, fieldsOf(row)) : null;
}

/** Whether the row is as this module wrote it: not made, moved or turned back by a hand that only has the database. */
export function isGenuineAuthenticator(keyRing: KeyRing, row: Sealed & Pick<Authenticator, 'seal'>): boolean {
  return !isSealed(row) || hasSeal(keyRing, TABLE, fieldsOf(row), row.seal);
}

function isSealed({ type }: Pick<Authenticator, 'type'>): boolean {
  // A key's proofs are verified by its credential, recovery codes by rows of their own.
  return type !== 'webauthn' && type !== 'recovery_codes';
}

function fieldsOf({ id, userId, type, data, lastStep }: Sealed): SealedFields {
  return [id, userId, type, data, lastStep];
}
