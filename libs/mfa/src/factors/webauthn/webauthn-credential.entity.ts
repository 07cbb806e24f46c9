import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { BigintColumn, JsonColumn, MomentColumn } from '../../storage/columns.js';

/** The credential record of a security key or passkey (WebAuthn Level 3, section 4, "credential record"). */
@Entity({ name: 'mfa_webauthn_credential' })
@Index('uq_mfa_webauthn_credential', ['credentialIdHash'], { unique: true })
@Index('idx_mfa_webauthn_credential_user', ['userId'])
export class WebAuthnCredential {
  /** The authenticator that this row belongs to, and is deleted with. */
  @PrimaryColumn({ name: 'authenticator_id', type: 'varchar', length: 36 })
  authenticatorId!: string;

  @ManyToOne(() => Authenticator, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'authenticator_id' })
  authenticator?: Authenticator;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** SHA-256 of the credential ID in hex: an ID may have 1023 bytes, too many for an index. */
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

  /** A hint for the browser; empty if the stored value is unreadable. */
  @JsonColumn((stored) => (Array.isArray(stored) ? stored.filter((one) => typeof one === 'string') : []))
  transports!: string[];

  @BigintColumn('sign_count')
  signCount!: number;

  /** The model of the authenticator; all zeros if it doesn't reveal it. */
  @Column({ type: 'varchar', length: 36 })
  aaguid!: string;

  /** The attestation format of the registration. */
  @Column({ type: 'varchar', length: 32 })
  format!: string;

  /** BE: whether the credential is syncable. It never changes, unless the options allow it. */
  @Column({ name: 'backup_eligible', type: 'boolean' })
  backupEligible!: boolean;

  /** BS: whether it is synced now. */
  @Column({ name: 'backed_up', type: 'boolean' })
  backedUp!: boolean;

  /** Whether the credential is discoverable, as claimed by the client (`credProps.rk`); null if the client doesn't say. */
  @Column({ type: 'boolean', nullable: true })
  discoverable!: boolean | null;

  /** Whether it has ever verified its user (uvInitialized). */
  @Column({ name: 'uv_initialized', type: 'boolean' })
  uvInitialized!: boolean;

  /** Whether it was registered for signing in without a password. */
  @Column({ type: 'boolean' })
  passwordless!: boolean;

  /** Whether its attestation chained to a configured root at registration; null: not known, for keys from before this column existed. */
  @Column({ type: 'boolean', nullable: true })
  attested!: boolean | null;

  /**
   * Identifiers of the keys of its attestation, from the leaf to the anchor (SHA-1 in hex, RFC 5280, section 4.2.1.2). Reports about U2F
   * models and about batches of keys refer to them. Null: not attested, or from before this column existed.
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

  /** When the newest status took effect for which its model was reported as revoked; see `RevokedModels`. */
  @MomentColumn('model_rejected_at', { nullable: true })
  modelRejectedAt!: Date | null;

  /** A seal over the columns that never change, with a key that isn't in the database; see `credential-seal.ts`. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}
