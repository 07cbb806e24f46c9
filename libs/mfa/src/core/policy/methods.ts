import { traitsOf, typeOfMethod } from './factor-traits.js';
import type { MfaFactorTypes } from './factor-types.js';
import type { MfaProofFacts } from '../traits/proof-facts.js';

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
  return (isSecondFactor(record) && !record.weak) || record.method === 'external';
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
