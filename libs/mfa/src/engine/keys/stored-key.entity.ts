import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What is kept of keys: which secrets have been written with (`secret:<key id>`, without anything of them), and the key of the
 * recovery codes, encrypted under the current secret.
 */
@Entity({ name: 'mfa_key' })
export class MfaStoredKey {
  @PrimaryColumn({ type: 'varchar', length: 50 })
  id!: string;

  /** An envelope; empty for a secret. */
  @Column({ type: 'text' })
  data!: string;
}
