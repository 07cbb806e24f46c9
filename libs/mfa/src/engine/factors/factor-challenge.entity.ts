import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaType } from '../../core/policy/methods.js';
import { MomentColumn } from '../../storage/columns.js';

/** The challenge a session was last given. A session has at most one of each type; a new one replaces the old one. */
@Entity({ name: 'mfa_factor_challenge' })
@Index('idx_mfa_factor_challenge_expiry', ['expiresAt'])
@Index('idx_mfa_factor_challenge_id', ['id'])
export class MfaFactorChallenge {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  @PrimaryColumn({ type: 'varchar', length: 20 })
  type!: MfaType;

  /** Empty without an authentication session of this module. */
  @PrimaryColumn({ name: 'session_id', type: 'varchar', length: 36 })
  sessionId!: string;

  /** A random UUID, claimed when the challenge is answered. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'authenticator_id', type: 'varchar', length: 36 })
  authenticatorId!: string;

  /** What the answer is verified against, as the factor stores it: a keyed hash. */
  @Column({ type: 'text' })
  data!: string;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}
