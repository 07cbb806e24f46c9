import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';

/** A browser that one user may sign in from without the second factor. It holds the token, of which only the hash is here. */
@Entity({ name: 'mfa_trusted_device' })
@Index('idx_mfa_trusted_device_user', ['userId'])
@Index('idx_mfa_trusted_device_expiry', ['expiresAt'])
export class TrustedDevice {
  /** A random UUID. It stays the same when the token changes. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the token in hex. */
  @Column({ name: 'token_hash', type: 'varchar', length: 64 })
  tokenHash!: string;

  /** The token before this one: when it comes back, two parties hold the trust. */
  @Column({ name: 'former_token_hash', type: 'varchar', length: 64, nullable: true })
  formerTokenHash!: string | null;

  /** The beginnings of the hashes of the tokens before that one, the newest first, separated by dots. */
  @Column({ name: 'older_tokens', type: 'text', nullable: true })
  olderTokens!: string | null;

  @Column({ name: 'user_agent', type: 'varchar', length: 255, nullable: true })
  userAgent!: string | null;

  /** The address from which it was trusted, or last used. */
  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;

  /** Set when it was trusted; using it does not move it. */
  @MomentColumn('expires_at')
  expiresAt!: Date;

  /** Seals what the row says under a key that the database does not have; see `trusted-device-seal.ts`. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}
