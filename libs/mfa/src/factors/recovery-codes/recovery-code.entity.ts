import { Entity, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';

/** One recovery code of a user. Only its keyed hash is stored, never the code itself. */
@Entity({ name: 'mfa_recovery_code' })
export class RecoveryCode {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** HMAC-SHA-256 in hex of the user, the code and, once used, a marker; its key is not in the database. */
  @PrimaryColumn({ name: 'code_hash', type: 'varchar', length: 64 })
  codeHash!: string;

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('used_at', { nullable: true })
  usedAt!: Date | null;

  get isUsed(): boolean {
    return this.usedAt !== null;
  }
}
