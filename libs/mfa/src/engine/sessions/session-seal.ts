import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { SealedFields } from '../../core/crypto/keyed-hash.js';
import { hasSeal, sealRow } from '../../core/crypto/keyed-hash.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';

const TABLE = 'session';

/** The seal of a session: over all of it, so that a row whose seal is the one that was read has not changed since. */
export function sealSession(keyRing: KeyRing, session: AuthenticationSession): string {
  return sealRow(keyRing, TABLE, fieldsOf(session));
}

/** Whether this module has made the row as it is. */
export function isSealedSession(keyRing: KeyRing, session: AuthenticationSession): boolean {
  return hasSeal(keyRing, TABLE, fieldsOf(session), session.seal);
}

function fieldsOf(session: AuthenticationSession): SealedFields {
  const { id, userId, tokenHash, status, methods, ttlSeconds, createdAt, expiresAt } = session;
  return [
    id,
    userId,
    tokenHash,
    status,
    JSON.stringify(methods),
    ttlSeconds,
    createdAt.getTime(),
    expiresAt.getTime(),
  ];
}
