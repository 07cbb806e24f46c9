import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { readRecords } from '../../core/policy/methods.js';
import { CountColumn, JsonColumn, MomentColumn } from '../../storage/columns.js';
import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';

/** `pending`: the first factor is proven and a second one is owed. */
export type AuthenticationSessionStatus = 'pending' | 'authenticated';

/** What one sign-in has proven, and when. The client holds the token; only its hash is stored here. */
@Entity({ name: 'mfa_session' })
@Index('uq_mfa_session_token', ['tokenHash'], { unique: true })
@Index('idx_mfa_session_user', ['userId'])
@Index('idx_mfa_session_user_created', ['userId', 'createdAt'])
@Index('idx_mfa_session_expiry', ['expiresAt'])
export class AuthenticationSession {
  /** A UUID that sorts by time. It doesn't change when the token does. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the token in hex. */
  @Column({ name: 'token_hash', type: 'varchar', length: 64 })
  tokenHash!: string;

  @Column({ type: 'varchar', length: 20 })
  status!: AuthenticationSessionStatus;

  /** The proofs, oldest first, one per method. Empty if they can't be read. */
  @JsonColumn(readRecords)
  methods!: AuthenticationRecord[];

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('expires_at')
  expiresAt!: Date;

  /** When the session was last used, to the minute; see `session-activity.ts`. Null: no use since it was started is known. */
  @MomentColumn('last_seen_at', { nullable: true })
  lastSeenAt!: Date | null;

  /** The user agent of the browser that signed in. */
  @Column({ name: 'user_agent', type: 'varchar', length: 255, nullable: true })
  userAgent!: string | null;

  /** The IP address that signed in. */
  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  /** The session's lifetime once authenticated, in seconds, if the sign-in set one; null for the default of the options. */
  @CountColumn('ttl_seconds', { nullable: true })
  ttlSeconds!: number | null;

  /** Seals the row's content with a key that the database doesn't have; see {@link sealSession}. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;

  /** Whether the session has expired at that time, in milliseconds since the epoch. */
  isExpired(now: number = Date.now()): boolean {
    return this.expiresAt.getTime() <= now;
  }
}

/**
 * Seals everything that a session proves, so an unchanged seal means an unchanged session. The time of last use is left out so
 * that a request doesn't lose its claim to another one that merely used the session. Where the session was started is left out
 * too.
 */
export function sealSession(keyRing: KeyRing, session: AuthenticationSession): string {
  return sealRow(keyRing, 'session', fieldsOf(session));
}

/** Whether the row is as this module wrote it. */
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
