import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaType } from '../../core/policy/methods.js';
import { MomentColumn } from '../../storage/columns.js';

/** A factor that waits for its first code. A user has at most one of each type; a new one replaces the old one. */
@Entity({ name: 'mfa_factor_setup' })
@Index('idx_mfa_factor_setup_expiry', ['expiresAt'])
@Index('idx_mfa_factor_setup_id', ['id'])
export class MfaFactorSetup {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  @PrimaryColumn({ type: 'varchar', length: 20 })
  type!: MfaType;

  /** A random UUID, which becomes the id of the authenticator. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  /** The factor's data, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  /**
   * The session that began the setup and is the only one that may finish it. Empty if code of the application began it without
   * a session.
   */
  @Column({ name: 'session_id', type: 'varchar', length: 36 })
  sessionId!: string;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}
