import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaEventType } from './mfa-event.js';
import { JsonColumn, MomentColumn } from '../../storage/columns.js';

/** One event of the audit trail. Rows are only ever added, and removed once their retention period is over. */
@Entity({ name: 'mfa_audit_entry' })
@Index('idx_mfa_audit_entry_user', ['userId', 'id'])
@Index('idx_mfa_audit_entry_type', ['type', 'id'])
export class MfaAuditEntry {
  /** The event's id, which sorts by time. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 50 })
  type!: MfaEventType;

  @MomentColumn('created_at')
  at!: Date;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  @Column({ name: 'actor_type', type: 'varchar', length: 20 })
  actorType!: 'user' | 'admin' | 'application';

  @Column({ name: 'actor_id', type: 'varchar', length: MAX_USER_ID_LENGTH, nullable: true })
  actorId!: string | null;

  @Column({ type: 'varchar', length: 45, nullable: true })
  ip!: string | null;

  @Column({ name: 'user_agent', type: 'varchar', length: 255, nullable: true })
  userAgent!: string | null;

  @Column({ name: 'session_id', type: 'varchar', length: 36, nullable: true })
  sessionId!: string | null;

  /** The event's own data; see `MfaEventData`. Empty if it can't be read. */
  @JsonColumn((stored) => (typeof stored === 'object' && stored !== null ? stored : {}))
  data!: object;
}
