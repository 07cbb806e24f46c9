import { Column, Entity, PrimaryColumn } from 'typeorm';

import { MomentColumn } from '../../storage/columns.js';

/**
 * What is kept of keys: which secrets have been written with (`secret:<key id>`, without anything of them), and the keys of the
 * recovery codes and of what anybody may see, as the adapter has encrypted them.
 */
@Entity({ name: 'mfa_key' })
export class MfaStoredKey {
  @PrimaryColumn({ type: 'varchar', length: 50 })
  id!: string;

  /** The wrapped key; empty for a secret. */
  @Column({ type: 'text' })
  data!: string;

  /** When another key took its place for what is new; null: none has. */
  @MomentColumn('retired_at', { nullable: true })
  retiredAt!: Date | null;
}
