import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';

/**
 * A browser from which one user may sign in without the second factor. The browser holds the token; only its hash is stored
 * here.
 */
@Entity({ name: 'mfa_trusted_device' })
@Index('idx_mfa_trusted_device_user', ['userId'])
@Index('idx_mfa_trusted_device_expiry', ['expiresAt'])
export class TrustedDevice {
  /** A random UUID. It doesn't change when the token does. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the token in hex. */
  @Column({ name: 'token_hash', type: 'varchar', length: 64 })
  tokenHash!: string;

  /** The hash of the previous token. If that is presented again, two parties hold the trust. */
  @Column({ name: 'former_token_hash', type: 'varchar', length: 64, nullable: true })
  formerTokenHash!: string | null;

  /** The first characters of the hashes of older tokens, newest first, separated by dots. */
  @Column({ name: 'older_tokens', type: 'text', nullable: true })
  olderTokens!: string | null;

  @Column({ name: 'user_agent', type: 'varchar', length: 255, nullable: true })
  userAgent!: string | null;

  /** The IP address that it was trusted from, or last used from. */
  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;

  /** Set when the browser was trusted; using it doesn't extend it. */
  @MomentColumn('expires_at')
  expiresAt!: Date;

  /** Seals the row's content with a key that the database doesn't have; see `trusted-device-seal.ts`. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}
