import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { CountColumn, MomentColumn } from '../../storage/columns.js';

/** The row each user has: the budget of attempts, the start of the enrollment grace period, the version of the factors. */
@Entity({ name: 'mfa_user_state' })
@Index('idx_mfa_user_state_factors', ['secondFactors', 'userId'])
@Index('idx_mfa_user_state_required', ['enrollmentRequiredFrom'])
export class MfaUserState {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** Incremented by each change of the user's factors: of two changes that read the same version, only one can happen. */
  @CountColumn('version')
  version!: number;

  /**
   * How many second factors the user has, recounted with each change. It is only used to list users; what a user may do is
   * decided by the factors themselves.
   */
  @CountColumn('second_factors')
  secondFactors!: number;

  /** Attempts taken in the current window. */
  @CountColumn('attempts')
  attempts!: number;

  /** When the current window began; null before the first attempt. */
  @MomentColumn('window_started_at', { nullable: true })
  windowStartedAt!: Date | null;

  /** The start of the window whose exhausted budget was reported; null if none was. */
  @MomentColumn('exhausted_told_at', { nullable: true })
  exhaustedToldAt!: Date | null;

  /** Messages with codes that were sent in their current window; null if none was sent yet. */
  @CountColumn('messages', { nullable: true })
  messages!: number | null;

  /** When that window began. */
  @MomentColumn('messages_from', { nullable: true })
  messagesFrom!: Date | null;

  /** When the user was first told to enroll; null if never. It never changes. */
  @MomentColumn('enrollment_started_at', { nullable: true })
  enrollmentStartedAt!: Date | null;

  /**
   * When the user first had a second factor, even if it was removed since; null if never. Such a user gets no grace period for
   * enrollment any more.
   */
  @MomentColumn('enrolled_at', { nullable: true })
  enrolledAt!: Date | null;

  /** From when on an administrator demands a second factor of this user; null if none does. */
  @MomentColumn('enrollment_required_from', { nullable: true })
  enrollmentRequiredFrom!: Date | null;

  /** The random WebAuthn user handle in base64url, created with the first key and kept for good; null before. */
  @Column({ name: 'user_handle', type: 'varchar', length: 100, nullable: true })
  userHandle!: string | null;
}
