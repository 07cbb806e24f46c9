import { BUILT_IN_TRAITS } from '../../factors/traits/built-in.js';
import { checkTraits } from '../traits/check-traits.js';
import type { MfaProofFacts } from '../traits/proof-facts.js';
import { isHardwareKey } from '../traits/proof-facts.js';
import type { TypeTraits } from '../traits/type-traits.js';
import type { MfaFactorTypes } from './factor-types.js';

export type { MfaProofFacts } from '../traits/proof-facts.js';

/** The kinds of factor that a user can enroll. */
export type MfaType = keyof MfaFactorTypes;

/** How the application has recognised a user before it called `login`: one of these, or a word of its own. */
export const FIRST_FACTORS = ['pwd', 'email', 'sms', 'federated', 'webauthn', 'kerberos'] as const;
export type MfaFirstFactor = (typeof FIRST_FACTORS)[number];

/**
 * What an authentication session can record as proven: a first factor, a second one, `trusted_device`, or `external`: an
 * identity provider says that it has asked for several factors itself.
 */
export type AuthenticationMethod = MfaFactorTypes[MfaType] | 'trusted_device' | 'external' | MfaFirstFactor;

/** What an application says of a factor of its own: what kind it is. */
export interface MfaFactorTraits extends TypeTraits {
  type: MfaType;
  method?: AuthenticationMethod;
}

const TYPE = /^[a-z0-9_]{1,20}$/;
const RESERVED = ['pwd', 'trusted_device', 'external', 'mfa', 'mca'];

const registered = new Map<MfaType, MfaFactorTraits>();
const types: MfaType[] = [];
const secondFactors: MfaType[] = [];

/** The types of factors that there are in this process, in the order in which lists name them. It grows with the option `factors`. */
export const MFA_TYPES: readonly MfaType[] = types;

/** The types that make a user *enrolled*. The others, as recovery codes, never stand alone. */
export const SECOND_FACTOR_TYPES: readonly MfaType[] = secondFactors;

/**
 * Makes a type of factor known.
 *
 * @throws {TypeError} when its name is not fit for a type, another factor of this process has it, or a trait is none
 */
export function registerFactorType(traits: MfaFactorTraits): void {
  const { type, method = type, role = 'second_factor' } = traits;
  if (!TYPE.test(type) || RESERVED.includes(type)) {
    throw new TypeError(
      `A factor's type has 1 to 20 characters (a to z, digits, _); this is ${String(type)}`,
    );
  }
  checkTraits(traits);
  const known = registered.get(type);
  if (known) {
    if (JSON.stringify(known) === JSON.stringify(traits)) return;
    throw new TypeError(`There is another factor of the type ${type}`);
  }
  if (RESERVED.includes(method) || types.some((one) => methodOfType(one) === method)) {
    throw new TypeError(`The method ${method} of the factor ${type} is another one's`);
  }
  registered.set(type, traits);
  types.push(type);
  if (role === 'second_factor') secondFactors.push(type);
}

/** Whether that could be the name of a type. */
export function isTypeName(name: unknown): name is MfaType {
  return typeof name === 'string' && TYPE.test(name);
}

/** What is known of that type; undefined for one that nobody has registered. */
export function traitsOf(type: MfaType): MfaFactorTraits | undefined {
  return registered.get(type);
}

/** The method that a session records when a factor of this type is proven. */
export function methodOfType(type: MfaType): AuthenticationMethod {
  return registered.get(type)?.method ?? (type as AuthenticationMethod);
}

/** The type whose proofs sessions record as this method; undefined for a password, a trusted device, and proofs of somebody else. */
export function typeOfMethod(method: AuthenticationMethod): MfaType | undefined {
  return types.find((type) => methodOfType(type) === method);
}

/** Whether having one of this type makes a user enrolled. */
export function isSecondFactorType(type: MfaType): boolean {
  return secondFactors.includes(type);
}

/** Whether no look-alike site can relay a proof of this type (NIST SP 800-63B-4, section 3.2.5). */
export function isPhishingResistantType(type: MfaType): boolean {
  return registered.get(type)?.phishingResistant === true;
}

/** Whether proofs of this type show how they were made. */
export function showsFacts(type: MfaType): boolean {
  return registered.get(type)?.showsFacts === true;
}

/** Whether one of this type stands in for a second factor that was lost. */
export function isBackupType(type: MfaType): boolean {
  return registered.get(type)?.role === 'backup';
}

/** Whether this is the proof of something that stands in for a second factor that was lost. */
export function isBackupMethod(method: AuthenticationMethod): boolean {
  const type = typeOfMethod(method);
  return type !== undefined && isBackupType(type);
}

/** Whether each proof of this type has a greater step than the one before, so that right codes can open its lock. */
export function hasSteps(type: MfaType): boolean {
  return registered.get(type)?.steps === true;
}

/** Whether the row that all authenticators have is what verifies its proofs. So it is for a type that nobody has registered. */
export function isJudgedByRow(type: MfaType): boolean {
  return registered.get(type)?.judgedBy !== 'own_tables';
}

/** The `amr` values of a proof of this type that has shown these facts. */
export function amrOfType(type: MfaType, facts: MfaProofFacts): readonly string[] {
  const { amr = [methodOfType(type)] } = registered.get(type) ?? {};
  if (!('unknown' in amr)) return amr;
  if (isHardwareKey(facts)) return amr.hardware;
  return facts.backupEligible === true ? amr.synced : amr.unknown;
}

/** The types that come with the module, in the order of {@link MFA_TYPES}. */
export const BUILT_IN_TYPES: readonly MfaType[] = BUILT_IN_TRAITS.map(({ type }) => type);

for (const traits of BUILT_IN_TRAITS) registerFactorType(traits);

/** Whether these are the recovery codes that come with the module, which are one set: another factor may stand in for a lost one too. */
export function isRecoveryCodes(type: MfaType): boolean {
  return isBackupType(type) && BUILT_IN_TYPES.includes(type);
}

/** Whether it stands in for a lost factor and is the application's own. */
export function isOwnBackup({ type }: { type: MfaType }): boolean {
  return isBackupType(type) && !isRecoveryCodes(type);
}

/** What answers and events tell of a ceremony: only what is known. */
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
  /** When it was proven, milliseconds since the epoch. */
  at: number;
  /** The authenticator (or trusted browser) that proved it, so that its removal can take the proof along. */
  authenticatorId?: string;
  /** The application's first factor, where its method alone would not say so: it is never a second one too. */
  isFirst?: true;
  /** A request that demands a proof of its own (`once`) has used it up. */
  spent?: true;
  /** The factor is weaker than the profile enrolls: the proof finishes a sign-in, and lets its owner get a better one. */
  weak?: true;
}

/** The records that a session was stored with; none when they are not what this module writes. */
export function readRecords(stored: unknown): AuthenticationRecord[] {
  return Array.isArray(stored) && stored.every(isRecord) ? stored : [];
}

function isRecord(stored: unknown): stored is AuthenticationRecord {
  const { method, at } = (stored ?? {}) as Partial<AuthenticationRecord>;
  return typeof method === 'string' && typeof at === 'number';
}

/** The record of a first factor that the application has checked. */
export function firstFactorRecord(name: string, at: number): AuthenticationRecord {
  // A word of the application's is none of ours.
  const method = name as MfaFirstFactor;
  return method === 'pwd' ? { method, at } : { method, at, isFirst: true };
}

/** Whether this record is what the application has recognised the user by. */
export function isFirstFactor({ method, isFirst }: AuthenticationRecord): boolean {
  return method === 'pwd' || isFirst === true;
}

/** The type of factor behind a record; undefined for a first factor, a trusted device, and proofs of somebody else. */
export function typeOfRecord(record: AuthenticationRecord): MfaType | undefined {
  return isFirstFactor(record) ? undefined : typeOfMethod(record.method);
}

/** Whether an identity provider vouches for several factors. A first factor that an application calls so vouches for none. */
export function isVouchedFor(record: AuthenticationRecord): boolean {
  return record.method === 'external' && !isFirstFactor(record);
}

/** Whether a trusted browser has stood in for the second factor. */
export function isTrustedBrowser(record: AuthenticationRecord): boolean {
  return record.method === 'trusted_device' && !isFirstFactor(record);
}

/** Whether two records are of the same kind, so that the newer one takes the place of the other. */
export function isSameProof(one: AuthenticationRecord, other: AuthenticationRecord): boolean {
  return one.method === other.method && isFirstFactor(one) === isFirstFactor(other);
}

/** Whether this record proves a second factor. */
export function isSecondFactor(record: AuthenticationRecord): boolean {
  return typeOfRecord(record) !== undefined;
}

/** Whether this record stands for a second factor: one of ours, unless it is too weak, or those that an identity provider vouches for. */
export function standsForSecondFactor(record: AuthenticationRecord): boolean {
  return (isSecondFactor(record) && !record.weak) || isVouchedFor(record);
}

/** The newest of the records that fit, or undefined. */
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
 * Whether the codes of this factor come over the channel by which the user was recognised in the first place: whoever reads the
 * one reads the other, so they are one factor (NIST SP 800-63B-4, section 2.2.1).
 */
export function isOverSameChannel(type: MfaType, records: readonly AuthenticationRecord[]): boolean {
  const channel = traitsOf(type)?.channel;
  return (
    channel !== undefined && records.some((record) => isFirstFactor(record) && record.method === channel)
  );
}

/** One proof, as answers show it: what is not known of it is not there. */
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
