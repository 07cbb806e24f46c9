import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaType } from '../../core/policy/methods.js';
import { MomentColumn } from '../../storage/columns.js';

/** What a session was challenged with. It has one of each type at most; a new one kills the old one. */
@Entity({ name: 'mfa_factor_challenge' })
@Index('idx_mfa_factor_challenge_expiry', ['expiresAt'])
@Index('idx_mfa_factor_challenge_id', ['id'])
export class MfaFactorChallenge {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  @PrimaryColumn({ type: 'varchar', length: 20 })
  type!: MfaType;

  /** Empty without a session of this module's. */
  @PrimaryColumn({ name: 'session_id', type: 'varchar', length: 36 })
  sessionId!: string;

  /** A random UUID: what is claimed when it is answered. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'authenticator_id', type: 'varchar', length: 36 })
  authenticatorId!: string;

  /** What the answer is verified by, as the factor keeps it: a keyed hash. */
  @Column({ type: 'text' })
  data!: string;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}
