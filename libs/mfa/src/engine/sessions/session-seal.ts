import type { KeyRing } from '../../core/crypto/key-ring.js';
import type { SealedFields } from '../../core/crypto/keyed-hash.js';
import { hasSeal, sealRow } from '../../core/crypto/keyed-hash.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';

const TABLE = 'session';

/**
 * The seal of a session: over all that it proves, so that a row whose seal is the one that was read has not changed since. When it was
 * last used is not part of it: a request must not lose its claim to another one that only looked in. Nor is where it was started.
 */
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
