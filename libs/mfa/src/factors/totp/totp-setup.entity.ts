import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/moment-column.js';

/** A TOTP secret that waits for its first code. A user has one at most; a new one takes its place. */
@Entity({ name: 'mfa_totp_setup' })
@Index('idx_mfa_totp_setup_expiry', ['expiresAt'])
export class TotpSetup {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** A random UUID; the id of the authenticator that it becomes. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  /** Secret and parameters as JSON, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  /** The session that began it, and that alone may see and finish it; null: code of the application, without a session. */
  @Column({ name: 'session_id', type: 'varchar', length: 36, nullable: true })
  sessionId!: string | null;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}
