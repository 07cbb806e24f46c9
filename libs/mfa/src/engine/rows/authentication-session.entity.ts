import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { readRecords } from '../../core/policy/methods.js';
import { CountColumn, JsonColumn, MomentColumn } from '../../storage/columns.js';
import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';

/** `pending`: the first factor is proven and a second one owed. */
export type AuthenticationSessionStatus = 'pending' | 'authenticated';

/** What one sign-in has proven, and when. The client holds the token, of which only the hash is kept here. */
@Entity({ name: 'mfa_session' })
@Index('uq_mfa_session_token', ['tokenHash'], { unique: true })
@Index('idx_mfa_session_user', ['userId'])
@Index('idx_mfa_session_user_created', ['userId', 'createdAt'])
@Index('idx_mfa_session_expiry', ['expiresAt'])
export class AuthenticationSession {
  /** A UUID that sorts by time. It stays the same when the token changes. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the token in hex. */
  @Column({ name: 'token_hash', type: 'varchar', length: 64 })
  tokenHash!: string;

  @Column({ type: 'varchar', length: 20 })
  status!: AuthenticationSessionStatus;

  /** The proofs, oldest first, one per method; none when they can't be read. */
  @JsonColumn(readRecords)
  methods!: AuthenticationRecord[];

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('expires_at')
  expiresAt!: Date;

  /** When it was last used, to the minute; see `session-activity.ts`. Null: not since it was started, as far as is known. */
  @MomentColumn('last_seen_at', { nullable: true })
  lastSeenAt!: Date | null;

  /** What the browser called itself that signed in. */
  @Column({ name: 'user_agent', type: 'varchar', length: 255, nullable: true })
  userAgent!: string | null;

  /** The address from which it signed in. */
  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  /** How long it lives once it is authenticated, in seconds, when the sign-in said so; null: as the options say. */
  @CountColumn('ttl_seconds', { nullable: true })
  ttlSeconds!: number | null;

  /** Seals what the row says under a key that the database does not have; see {@link sealSession}. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;

  /** Whether the session is over at that moment, in milliseconds since the epoch. */
  isExpired(now: number = Date.now()): boolean {
    return this.expiresAt.getTime() <= now;
  }
}

/**
 * The seal of a session: over all that it proves, so that a row whose seal is the one that was read has not changed since. When it was
 * last used is not part of it: a request must not lose its claim to another one that only looked in. Nor is where it was started.
 */
export function sealSession(keyRing: KeyRing, session: AuthenticationSession): string {
  return sealRow(keyRing, 'session', fieldsOf(session));
}

/** Whether this module has made the row as it is. */
export function isSealedSession(keyRing: KeyRing, session: AuthenticationSession): boolean {
  return hasSeal(keyRing, 'session', fieldsOf(session), session.seal);
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
