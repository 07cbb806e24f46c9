import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaType } from '../../core/policy/methods.js';
import { BigintColumn, CountColumn, MomentColumn } from '../../storage/columns.js';
import { fittingName } from '../../core/users/authenticator-name.js';
import { isBackupType, isJudgedByRow } from '../../core/policy/methods.js';
import type { KeyRing, SealedFields } from '../../core/crypto/key-ring.js';
import { hasSeal, sealRow } from '../../core/crypto/key-ring.js';

/** One enrolled factor of one user. */
@Entity({ name: 'mfa_authenticator' })
@Index('idx_mfa_authenticator_user', ['userId'])
@Index('idx_mfa_authenticator_locked', ['lockedAt'])
export class Authenticator {
  /** A random UUID. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  @Column({ type: 'varchar', length: 20 })
  type!: MfaType;

  @Column({ type: 'varchar', length: 100 })
  name!: string;

  /** `passwordless`: it signs in by itself and is no second factor. Null: whatever its type is. */
  @Column({ type: 'varchar', length: 20, nullable: true })
  role!: string | null;

  /** What the factor needs to verify a proof, as JSON, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;

  /** Failures since the last success. At `rateLimit.lockAfter`, the authenticator is locked. */
  @CountColumn('failures')
  failures!: number;

  /** When it was locked because failures reached the cap or a copy was found; null while it is not locked. */
  @MomentColumn('locked_at', { nullable: true })
  lockedAt!: Date | null;

  /** When a copy of it was detected; null if never. It is then locked, however few its failures. */
  @MomentColumn('cloned_at', { nullable: true })
  clonedAt!: Date | null;

  /**
   * When it was suspended, because its owner lost it or an administrator says so (NIST SP 800-63B-4, section 4.3); null if it
   * isn't. A suspended authenticator verifies nothing, but still makes its user enrolled.
   */
  @MomentColumn('suspended_at', { nullable: true })
  suspendedAt!: Date | null;

  /** Right codes in a row since it was locked, if right codes can unlock it. */
  @CountColumn('unlock_codes')
  unlockCodes!: number;

  /** When the last of these codes was accepted. */
  @MomentColumn('unlock_code_at', { nullable: true })
  unlockCodeAt!: Date | null;

  /**
   * The greatest step accepted so far, for factors whose proofs have steps (`MfaFactorProof.step`), such as the time steps of
   * TOTP (RFC 6238, section 5.2). Each proof claims a greater one. Null if none was accepted.
   */
  @BigintColumn('last_step', { nullable: true })
  lastStep!: number | null;

  /**
   * How many proofs are left, for factors that count them (`MfaFactorProof.remaining`), such as recovery codes. Each proof
   * claims one; which ones are left is decided by the factor's own rows. Null for other factors.
   */
  @CountColumn('remaining', { nullable: true })
  remaining!: number | null;

  /** The seal of a row that itself verifies proofs, under a key that the database doesn't have; see {@link sealAuthenticator}. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}

/** How logs and lists refer to an authenticator: by name and type, without any of its data. */
export function authenticatorLabel({ name, type }: Pick<Authenticator, 'name' | 'type'>): string {
  return `${name} (${type})`;
}

type Given = Pick<Authenticator, 'id' | 'userId' | 'type' | 'name' | 'createdAt'> & Partial<Authenticator>;

/** Used when nothing of a name would be visible. */
const NAMELESS = 'Authenticator';

/** Creates a row without failures. Unless given otherwise, it is unused and has no data of its own. */
export function newAuthenticator(given: Given): Authenticator {
  return Object.assign(new Authenticator(), {
    role: null,
    data: '',
    lastUsedAt: null,
    failures: 0,
    lockedAt: null,
    clonedAt: null,
    suspendedAt: null,
    unlockCodes: 0,
    unlockCodeAt: null,
    lastStep: null,
    remaining: null,
    seal: null,
    ...given,
    name: fittingName(given.name) || NAMELESS,
  });
}

/** The role of an authenticator that signs in without a password and is no second factor. */
export const PASSWORDLESS = 'passwordless';

/**
 * Whether this authenticator makes its user *enrolled*, so that a password alone no longer signs in. A passkey that was added
 * for convenience doesn't: a user who loses it signs in with the password as before. One of a type that isn't registered does, as
 * after a deployment without its factor: otherwise a password alone would suddenly be enough.
 */
export function isSecondFactorRow({ type, role }: { type: MfaType; role?: string | null }): boolean {
  return !isBackupType(type) && role !== PASSWORDLESS;
}

const TABLE = 'authenticator';

type Sealed = Pick<Authenticator, 'id' | 'userId' | 'type' | 'data' | 'lastStep'>;

/**
 * Seals a row whose own columns verify a proof, such as an authenticator app's. The seal also covers its data, however the
 * adapter encrypts it. Null for other types, whose proofs are verified by rows of their own.
 */
export function sealAuthenticator(keyRing: KeyRing, row: Sealed): string | null {
  return isJudgedByRow(row.type) ? sealRow(keyRing, TABLE, fieldsOf(row)) : null;
}

/** Whether the row is as this module wrote it: not created, moved or set back by someone with access to the database alone. */
export function isGenuineAuthenticator(keyRing: KeyRing, row: Sealed & Pick<Authenticator, 'seal'>): boolean {
  return !isJudgedByRow(row.type) || hasSeal(keyRing, TABLE, fieldsOf(row), row.seal);
}

function fieldsOf({ id, userId, type, data, lastStep }: Sealed): SealedFields {
  return [id, userId, type, data, lastStep];
}
