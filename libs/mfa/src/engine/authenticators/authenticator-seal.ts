import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { SealedFields } from '../../core/crypto/keyed-hash.js';
import { hasSeal, sealRow } from '../../core/crypto/keyed-hash.js';
import { isJudgedByRow } from '../../core/policy/factor-traits.js';
import type { Authenticator } from '../rows/authenticator.entity.js';

const TABLE = 'authenticator';

type Sealed = Pick<Authenticator, 'id' | 'userId' | 'type' | 'data' | 'lastStep'>;

/**
 * The seal of a row whose own columns verify a proof, as an authenticator app's. What it verifies with is covered too, whatever
 * the adapter encrypts it with. Null for the other types, whose proofs are verified by rows of their own.
 */
export function sealAuthenticator(keyRing: KeyRing, row: Sealed): string | null {
  return isJudgedByRow(row.type) ? sealRow(keyRing, TABLE, fieldsOf(row)) : null;
}

/** Whether the row is as this module wrote it: not made, moved or turned back by a hand that only has the database. */
export function isGenuineAuthenticator(keyRing: KeyRing, row: Sealed & Pick<Authenticator, 'seal'>): boolean {
  return !isJudgedByRow(row.type) || hasSeal(keyRing, TABLE, fieldsOf(row), row.seal);
}

function fieldsOf({ id, userId, type, data, lastStep }: Sealed): SealedFields {
  return [id, userId, type, data, lastStep];
}
