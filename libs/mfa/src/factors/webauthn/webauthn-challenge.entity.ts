import { Entity, Index, PrimaryColumn } from 'typeorm';

import { MomentColumn } from '../../storage/columns.js';

/** A used challenge, kept until it has expired by the clock of every instance. */
@Entity({ name: 'mfa_webauthn_challenge' })
@Index('idx_mfa_webauthn_challenge_expiry', ['expiresAt'])
export class WebAuthnChallenge {
  /** SHA-256 of the challenge in hex. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  hash!: string;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}
