import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { BigintColumn, JsonColumn, MomentColumn } from '../../storage/columns.js';

/** The credential record of a security key or passkey (WebAuthn Level 3, section 4, "credential record"). */
@Entity({ name: 'mfa_webauthn_credential' })
@Index('uq_mfa_webauthn_credential', ['credentialIdHash'], { unique: true })
@Index('idx_mfa_webauthn_credential_user', ['userId'])
export class WebAuthnCredential {
  /** The authenticator that this belongs to; goes with it. */
  @PrimaryColumn({ name: 'authenticator_id', type: 'varchar', length: 36 })
  authenticatorId!: string;

  @ManyToOne(() => Authenticator, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'authenticator_id' })
  authenticator?: Authenticator;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the credential id in hex: an id may have 1023 bytes, which no engine can index in full. */
  @Column({ name: 'credential_id_hash', type: 'varchar', length: 64 })
  credentialIdHash!: string;

  /** Base64url. */
  @Column({ name: 'credential_id', type: 'text' })
  credentialId!: string;

  /** The COSE public key in base64url. */
  @Column({ name: 'public_key', type: 'text' })
  publicKey!: string;

  /** The random user handle in base64url, the same for all credentials of a user (section 14.6.1). */
  @Column({ name: 'user_handle', type: 'varchar', length: 100 })
  userHandle!: string;

  @Column({ name: 'rp_id', type: 'varchar', length: 255 })
  rpId!: string;

  /** A hint for the browser; none when it can't be read. */
  @JsonColumn((stored) => (Array.isArray(stored) ? stored.filter((one) => typeof one === 'string') : []))
  transports!: string[];

  @BigintColumn('sign_count')
  signCount!: number;

  /** The model of the authenticator; all zeros when it does not say. */
  @Column({ type: 'varchar', length: 36 })
  aaguid!: string;

  /** The attestation format that came with the registration. */
  @Column({ type: 'varchar', length: 32 })
  format!: string;

  /** BE: whether the credential can be synced. It never changes, unless the options let it. */
  @Column({ name: 'backup_eligible', type: 'boolean' })
  backupEligible!: boolean;

  /** BS: whether it is synced now. */
  @Column({ name: 'backed_up', type: 'boolean' })
  backedUp!: boolean;

  /** What the client says of discoverability (`credProps.rk`); null when it does not. Only a claim. */
  @Column({ type: 'boolean', nullable: true })
  discoverable!: boolean | null;

  /** Whether the user was ever verified by it (uvInitialized). */
  @Column({ name: 'uv_initialized', type: 'boolean' })
  uvInitialized!: boolean;

  /** Whether it was registered for signing in without a password. */
  @Column({ type: 'boolean' })
  passwordless!: boolean;

  /** Whether its attestation led to a configured root at registration; null: not known, as of keys that are older than the question. */
  @Column({ type: 'boolean', nullable: true })
  attested!: boolean | null;

  /**
   * Identifiers of the keys by which it was attested, from the leaf to the anchor (SHA-1 in hex, RFC 5280, section 4.2.1.2): by them
   * reports about U2F models and about batches of keys are found. Null: not attested, or older than the question.
   */
  @Column({
    name: 'attestation_keys',
    type: 'varchar',
    length: 400,
    nullable: true,
    transformer: {
      to: (keys: string[] | null | undefined) => keys?.join(' ') ?? null,
      from: (text: string | null) => text?.split(' ') ?? null,
    },
  })
  attestationKeys!: string[] | null;

  /** When the newest status came into effect for which its model was reported as revoked; see `RevokedModels`. */
  @MomentColumn('model_rejected_at', { nullable: true })
  modelRejectedAt!: Date | null;

  /** Seals what never changes under a key that the database does not have; see `credential-seal.ts`. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}
