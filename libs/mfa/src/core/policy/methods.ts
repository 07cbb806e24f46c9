import { BUILT_IN_TRAITS } from '../../factors/traits/built-in.js';
import { checkTraits } from '../traits/check-traits.js';
import type { MfaProofFacts } from '../traits/proof-facts.js';
import { isHardwareKey } from '../traits/proof-facts.js';
import type { TypeTraits } from '../traits/type-traits.js';
import type { MfaFactorTypes } from './factor-types.js';

export type { MfaProofFacts } from '../traits/proof-facts.js';

/** The types of factor that a user can enroll. */
export type MfaType = keyof MfaFactorTypes;

/** How the application authenticated a user before it called `login`: one of these, or a name of its own. */
export const FIRST_FACTORS = ['pwd', 'email', 'sms', 'federated', 'webauthn', 'kerberos'] as const;
export type MfaFirstFactor = (typeof FIRST_FACTORS)[number];

/**
 * What an authentication session can record as proven: a first factor, a second factor, `trusted_device`, or `external` if an
 * identity provider says that it has checked several factors itself.
 */
export type AuthenticationMethod = MfaFactorTypes[MfaType] | 'trusted_device' | 'external' | MfaFirstFactor;

/** What an application declares about a factor of its own. */
export interface MfaFactorTraits extends TypeTraits {
  type: MfaType;
  method?: AuthenticationMethod;
}

const TYPE = /^[a-z0-9_]{1,20}$/;
const RESERVED = ['pwd', 'trusted_device', 'external', 'mfa', 'mca'];

const registered = new Map<MfaType, MfaFactorTraits>();
const types: MfaType[] = [];
const secondFactors: MfaType[] = [];

/** The types of factors in this process, in the order in which lists show them. The option `factors` adds to it. */
export const MFA_TYPES: readonly MfaType[] = types;

/** The types that make a user *enrolled*. The others, such as recovery codes, never stand alone. */
export const SECOND_FACTOR_TYPES: readonly MfaType[] = secondFactors;

/**
 * Registers a type of factor.
 *
 * @throws {TypeError} when the name isn't valid for a type, another factor of this process has it, or a trait is invalid
 */
export function registerFactorType(traits: MfaFactorTraits): void {
  const { type, method = type, role = 'second_factor' } = traits;
  if (!TYPE.test(type) || RESERVED.includes(type)) {
    throw new TypeError(
      `A factor's type must be 1 to 20 characters (a to z, digits, _); it is ${String(type)}`,
    );
  }
  checkTraits(traits);
  const known = registered.get(type);
  if (known) {
    if (JSON.stringify(known) === JSON.stringify(traits)) return;
    throw new TypeError(`There is already a factor of type ${type}`);
  }
  if (RESERVED.includes(method) || types.some((one) => methodOfType(one) === method)) {
    throw new TypeError(`The method ${method} of the factor ${type} belongs to another factor`);
  }
  registered.set(type, traits);
  types.push(type);
  if (role === 'second_factor') secondFactors.push(type);
}

/** Whether the name is valid for a type. */
export function isTypeName(name: unknown): name is MfaType {
  return typeof name === 'string' && TYPE.test(name);
}

/** The traits of that type; undefined if it isn't registered. */
export function traitsOf(type: MfaType): MfaFactorTraits | undefined {
  return registered.get(type);
}

/** The method that a session records when a factor of this type is proven. */
export function methodOfType(type: MfaType): AuthenticationMethod {
  return registered.get(type)?.method ?? (type as AuthenticationMethod);
}

/** The type whose proofs are recorded as this method; undefined for a password, a trusted device, and external proofs. */
export function typeOfMethod(method: AuthenticationMethod): MfaType | undefined {
  return types.find((type) => methodOfType(type) === method);
}

/** Whether having one of this type makes a user enrolled. */
export function isSecondFactorType(type: MfaType): boolean {
  return secondFactors.includes(type);
}

/** Whether proofs of this type can't be relayed by a look-alike site (NIST SP 800-63B-4, section 3.2.5). */
export function isPhishingResistantType(type: MfaType): boolean {
  return registered.get(type)?.phishingResistant === true;
}

/** Whether proofs of this type show how they were made. */
export function showsFacts(type: MfaType): boolean {
  return registered.get(type)?.showsFacts === true;
}

/** Whether this type stands in for a lost second factor. */
export function isBackupType(type: MfaType): boolean {
  return registered.get(type)?.role === 'backup';
}

/** Whether this method proves something that stands in for a lost second factor. */
export function isBackupMethod(method: AuthenticationMethod): boolean {
  const type = typeOfMethod(method);
  return type !== undefined && isBackupType(type);
}

/** Whether each proof of this type has a greater step than the one before, so that right codes can unlock it. */
export function hasSteps(type: MfaType): boolean {
  return registered.get(type)?.steps === true;
}

/** Whether proofs of this type are verified by the row that every authenticator has. Unregistered types are. */
export function isJudgedByRow(type: MfaType): boolean {
  return registered.get(type)?.judgedBy !== 'own_tables';
}

/** The `amr` values of a proof of this type with these facts. */
export function amrOfType(type: MfaType, facts: MfaProofFacts): readonly string[] {
  const { amr = [methodOfType(type)] } = registered.get(type) ?? {};
  if (!('unknown' in amr)) return amr;
  if (isHardwareKey(facts)) return amr.hardware;
  return facts.backupEligible === true ? amr.synced : amr.unknown;
}

/** The built-in types, in the order of {@link MFA_TYPES}. */
export const BUILT_IN_TYPES: readonly MfaType[] = BUILT_IN_TRAITS.map(({ type }) => type);

for (const traits of BUILT_IN_TRAITS) registerFactorType(traits);

/**
 * Whether these are the built-in recovery codes, of which a user has one set. Other factors may stand in for a lost one, too.
 */
export function isRecoveryCodes(type: MfaType): boolean {
  return isBackupType(type) && BUILT_IN_TYPES.includes(type);
}

/** Whether it is a custom factor that stands in for a lost one. */
export function isOwnBackup({ type }: { type: MfaType }): boolean {
  return isBackupType(type) && !isRecoveryCodes(type);
}

/** What responses and events show of a ceremony: only known facts. */
export type ShownFacts = Pick<MfaProofFacts, 'userVerified' | 'backedUp' | 'attested'>;

export function shownFacts({ userVerified, backedUp, attested }: MfaProofFacts): ShownFacts {
  return {
    ...(userVerified === undefined ? {} : { userVerified }),
    ...(backedUp === undefined ? {} : { backedUp }),
    ...(attested === undefined ? {} : { attested }),
  };
}

/** One proof in a session. */
export interface AuthenticationRecord extends MfaProofFacts {
  method: AuthenticationMethod;
  /** When it was proven, in milliseconds since the epoch. */
  at: number;
  /** The authenticator (or trusted browser) that gave the proof, so that removing it also removes the proof. */
  authenticatorId?: string;
  /**
   * Set if this is the application's first factor and the method alone doesn't say so. It then never counts as a second factor.
   */
  isFirst?: true;
  /** A request that demands a proof of its own (`once`) has used this one up. */
  spent?: true;
  /** The factor is weaker than what the profile enrolls: the proof completes a sign-in, and lets its owner add a better one. */
  weak?: true;
}

/** The records of a stored session; empty if they aren't in this module's format. */
export function readRecords(stored: unknown): AuthenticationRecord[] {
  return Array.isArray(stored) && stored.every(isRecord) ? stored : [];
}

function isRecord(stored: unknown): stored is AuthenticationRecord {
  const { method, at } = (stored ?? {}) as Partial<AuthenticationRecord>;
  return typeof method === 'string' && typeof at === 'number';
}

/** The record of a first factor that the application has checked. */
export function firstFactorRecord(name: string, at: number): AuthenticationRecord {
  // A name of the application's is not one of this module's methods.
  const method = name as MfaFirstFactor;
  return method === 'pwd' ? { method, at } : { method, at, isFirst: true };
}

/** Whether this record is the first factor, checked by the application. */
export function isFirstFactor({ method, isFirst }: AuthenticationRecord): boolean {
  return method === 'pwd' || isFirst === true;
}

/** The type of factor behind a record; undefined for a first factor, a trusted device, and external proofs. */
export function typeOfRecord(record: AuthenticationRecord): MfaType | undefined {
  return isFirstFactor(record) ? undefined : typeOfMethod(record.method);
}

/** Whether an identity provider vouches for several factors. A first factor that an application calls `external` doesn't. */
export function isVouchedFor(record: AuthenticationRecord): boolean {
  return record.method === 'external' && !isFirstFactor(record);
}

/** Whether a trusted browser stood in for the second factor. */
export function isTrustedBrowser(record: AuthenticationRecord): boolean {
  return record.method === 'trusted_device' && !isFirstFactor(record);
}

/** Whether two records are of the same kind, so that the newer one replaces the older. */
export function isSameProof(one: AuthenticationRecord, other: AuthenticationRecord): boolean {
  return one.method === other.method && isFirstFactor(one) === isFirstFactor(other);
}

/** Whether this record proves a second factor. */
export function isSecondFactor(record: AuthenticationRecord): boolean {
  return typeOfRecord(record) !== undefined;
}

/**
 * Whether this record counts as a second factor: a proof of this module that isn't weak, or an identity provider that vouches
 * for several factors.
 */
export function standsForSecondFactor(record: AuthenticationRecord): boolean {
  return (isSecondFactor(record) && !record.weak) || isVouchedFor(record);
}

/** The newest of the matching records, or undefined. */
export function newestRecord(
  records: readonly AuthenticationRecord[],
  fits: (record: AuthenticationRecord) => boolean = () => true,
): AuthenticationRecord | undefined {
  return records
    .filter(fits)
    .reduce<AuthenticationRecord | undefined>(
      (newest, record) => (newest && newest.at >= record.at ? newest : record),
      undefined,
    );
}

/**
 * Whether the codes of this factor are sent over the channel that the first factor used. Whoever reads one reads the other, so
 * they are one factor (NIST SP 800-63B-4, section 2.2.1).
 */
export function isOverSameChannel(type: MfaType, records: readonly AuthenticationRecord[]): boolean {
  const channel = traitsOf(type)?.channel;
  return (
    channel !== undefined && records.some((record) => isFirstFactor(record) && record.method === channel)
  );
}

/** A proof as responses show it, without the facts that are unknown. */
export interface MfaProvenMethod extends ShownFacts {
  method: AuthenticationMethod;
  at: Date;
}

export function provenMethods(records: readonly AuthenticationRecord[]): MfaProvenMethod[] {
  return records.map((record) => ({
    method: record.method,
    at: new Date(record.at),
    ...shownFacts(record),
  }));
}
