import { Entity, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';

/** One recovery code of one user. The code itself is nowhere: only its keyed hash is kept. */
@Entity({ name: 'mfa_recovery_code' })
export class RecoveryCode {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** HMAC-SHA-256 in hex over the user and the code, and that it is used if it is, under a key that is not in the database. */
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
