import { Column, Entity, PrimaryColumn } from 'typeorm';

import { MomentColumn } from '../storage/columns.js';

/** Work that one instance does for all: whoever holds the lease does it. */
@Entity({ name: 'mfa_lease' })
export class Lease {
  @PrimaryColumn({ type: 'varchar', length: 50 })
  name!: string;

  /** The instance that holds it. */
  @Column({ type: 'varchar', length: 36 })
  holder!: string;

  /** When another one may take it. */
  @MomentColumn('expires_at')
  expiresAt!: Date;
}
