import { Column, Entity, PrimaryColumn } from 'typeorm';

import { MomentColumn } from '../../storage/columns.js';

/**
 * The keys that are stored: which secrets have been written with (`secret:<key id>`, without any of their content), and the
 * keys of recovery codes and of public values, as encrypted by the adapter.
 */
@Entity({ name: 'mfa_key' })
export class MfaStoredKey {
  @PrimaryColumn({ type: 'varchar', length: 50 })
  id!: string;

  /** The wrapped key; empty for a secret. */
  @Column({ type: 'text' })
  data!: string;

  /** When another key replaced it for new data; null if none has. */
  @MomentColumn('retired_at', { nullable: true })
  retiredAt!: Date | null;
}
