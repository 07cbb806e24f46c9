import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import type { MfaType } from '../../core/policy/methods.js';
import { BigintColumn, CountColumn, MomentColumn } from '../../storage/columns.js';
import { fittingName } from '../../core/users/authenticator-name.js';
import { isSecondFactorType, isJudgedByRow } from '../../core/policy/methods.js';
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

  /** `passwordless`: it signs in by itself, and is no second factor; null: it is what its type is. */
  @Column({ type: 'varchar', length: 20, nullable: true })
  role!: string | null;

  /** What the factor needs to verify a proof, as JSON, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  @MomentColumn('created_at')
  createdAt!: Date;

  @MomentColumn('last_used_at', { nullable: true })
  lastUsedAt!: Date | null;

  /** Failures since the last success; at `rateLimit.lockAfter` the authenticator is disabled. */
  @CountColumn('failures')
  failures!: number;

  /** When it was locked, by `failures` that reached the cap or by a copy; null while it is not. */
  @MomentColumn('locked_at', { nullable: true })
  lockedAt!: Date | null;

  /** When there turned out to be a copy of it; null: never. It is locked then, however few its failures. */
  @MomentColumn('cloned_at', { nullable: true })
  clonedAt!: Date | null;

  /**
   * Since when it is suspended: its owner has lost it, or an administrator says so (NIST SP 800-63B-4, section 4.3); null: it is not. It
   * verifies nothing then, and still makes its user enrolled.
   */
  @MomentColumn('suspended_at', { nullable: true })
  suspendedAt!: Date | null;

  /** Right codes in a row since it was locked, where these open the lock. */
  @CountColumn('unlock_codes')
  unlockCodes!: number;

  /** When the last of these was given. */
  @MomentColumn('unlock_code_at', { nullable: true })
  unlockCodeAt!: Date | null;

  /**
   * What is claimed of factors whose proofs have steps (`MfaFactorProof.step`), as the time steps of TOTP (RFC 6238, section 5.2): the
   * greatest that was accepted. It never goes back. Null: none was.
   */
  @BigintColumn('last_step', { nullable: true })
  lastStep!: number | null;

  /**
   * What is claimed of factors that count their proofs (`MfaFactorProof.remaining`), as recovery codes: how many are left. Which ones
   * are is decided by rows of the factor's own. Null: it counts none.
   */
  @CountColumn('remaining', { nullable: true })
  remaining!: number | null;

  /** Seals what decides, where that is this row, under a key that the database does not have; see `authenticator-seal.ts`. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  seal!: string | null;
}

/** How an authenticator is called in logs and lists: its name and its type, never anything of its data. */
export function authenticatorLabel({ name, type }: Pick<Authenticator, 'name' | 'type'>): string {
  return `${name} (${type})`;
}

type Given = Pick<Authenticator, 'id' | 'userId' | 'type' | 'name' | 'createdAt'> & Partial<Authenticator>;

/** For a name of which nothing is seen. */
const NAMELESS = 'Authenticator';

/** A row that has never failed and, unless something else is given, was never used and keeps no data of its own. */
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
 * Whether having this one makes its user *enrolled*, so that a password alone signs in no more. Not so a passkey that was added for
 * convenience alone: who loses it signs in with the password as before.
 */
export function isSecondFactorRow({ type, role }: { type: MfaType; role?: string | null }): boolean {
  return isSecondFactorType(type) && role !== PASSWORDLESS;
}

const TABLE = 'authenticator';

type Sealed = Pick<Authenticator, 'id' | 'userId' | 'type' | 'data' | 'lastStep'>;

/**
 * The seal of a row whose own columns verify a proof, as an authenticator app's. What it verifies with is covered too, whatever
 * the adapter encrypts it with. Null for the other types, whose proofs are verified by rows of their own.
 */
export function sealAuthenticator(keyRing: KeyRing, row: Sealed): string | null {
  return isJudgedByRow(row.type) ? sealRow(keyRing, TABLE, fieldsOf(row)) : null;
}

/** Whether the row is as this module wrote it: not made, moved or turned back by a hand that only has the database. */
export function isGenuineAuthenticator(keyRing: KeyRing, row: Sealed & Pick<Authenticator, 'seal'>): boolean {
  return !isJudgedByRow(row.type) || hasSeal(keyRing, TABLE, fieldsOf(row), row.seal);
}

function fieldsOf({ id, userId, type, data, lastStep }: Sealed): SealedFields {
  return [id, userId, type, data, lastStep];
}
