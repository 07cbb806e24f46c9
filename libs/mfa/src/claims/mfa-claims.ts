import type { MfaAcrLevels } from '../core/policy/acr.js';
import { MFA_ACR_LEVELS, levelOf } from '../core/policy/acr.js';
import {
  showsFacts,
  isFirstFactor,
  isVouchedFor,
  newestRecord,
  standsForSecondFactor,
  typeOfRecord,
} from '../core/policy/methods.js';
import type { AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';
import type { MfaProofClaim } from './proof-claims.js';
import { proofClaims } from './proof-claims.js';
import { MULTI_CHANNEL, MULTI_FACTOR, amrOfRecord } from './amr.js';

/** What the application knows about the WebAuthn key behind a session. Leave out what it doesn't know. */
export interface WebAuthnFacts {
  /** Whether the key verified its user (UV) in this ceremony, which every passkey sign-in of this module requires. */
  userVerified?: boolean;
  /** BE: whether the key is syncable. */
  backupEligible?: boolean;
  /** Whether its attestation was verified up to a trust anchor of hardware keys. An attestation without a trust anchor doesn't count. */
  attested?: boolean;
}

/** The claims that describe how a token's user was authenticated. All times are whole seconds since the epoch. */
export interface MfaClaims {
  /** The first factor and the newest second factor (RFC 8176). */
  amr: string[];
  /** The latest active authentication (OpenID Connect Core, section 2); absent if there was none. */
  auth_time?: number;
  /** When the second factor was proven; only present if `amr` contains `mfa`. A private claim. */
  mfa_at?: number;
  /** The strongest level that the newest second factor reaches; by default `phr` or `phrh` for a key (OpenID EAP ACR Values 1.0). */
  acr?: string;
  /** The second factors and what they proved, if that is more than the other claims say. A private claim. */
  mfa_proofs?: MfaProofClaim[];
  /** Whether the user has a second factor. A private claim. */
  mfa_enrolled?: boolean;
}

export interface MfaClaimsOptions {
  /**
   * The `amr` values of the first factor. Default: the `firstFactor` passed to `login`. Set it if the application has its own sign-in, so
   * that its MFA sessions begin with a step-up and only hold the second factor. It must be of a different kind than the second factor,
   * and never `mfa` or `mca`.
   */
  firstFactor?: readonly string[];
  /** What the application knows about the key behind the `webauthn` record. Default: what its ceremony proved. */
  webauthn?: WebAuthnFacts;
  /** The levels that the claim `acr` can name, like the option of `MfaModule`. Default: `MFA_ACR_LEVELS`. */
  acr?: MfaAcrLevels;
  /** Whether the user has a second factor. False opens routes with `allowUnenrolled`, so leave it out for users who must enroll. */
  enrolled?: boolean;
}

/** The fields of an `AuthenticationSession` that the claims are based on. */
export interface MfaProvenSession {
  status?: string;
  methods: readonly AuthenticationRecord[];
}

/**
 * Builds the claims for the access token that `completeLogin` issues. They never claim more than was proven, nor a later time.
 *
 * A token has one time for its second factor, so only the newest one is listed: an older key doesn't make a new TOTP phishing-resistant.
 *
 * @throws {TypeError} if the session is pending, or `firstFactor` contains `mfa` or `mca`
 */
export function mfaClaims(session: MfaProvenSession, options: MfaClaimsOptions = {}): MfaClaims {
  if (session.status === 'pending')
    throw new TypeError('A pending session has no claims: its sign-in is not finished');
  const { firstFactor, enrolled, acr: levels = MFA_ACR_LEVELS } = options;
  if (firstFactor?.some((value) => value === MULTI_FACTOR || value === MULTI_CHANNEL)) {
    throw new TypeError('`firstFactor` must name the one factor that was proven, not `mfa` or `mca`');
  }
  const { methods } = session;
  const key = keyOf(methods, options);
  const active = newestRecord(methods, (record) => amrOfRecord(record, key) !== null);
  const second = newestRecord(methods, standsForSecondFactor);
  const isMultiFactor = second !== undefined && isAdded(second, methods, options, key);
  const acr = second && levelOf(isOfKey(second) ? { ...second, ...key } : second, levels);
  const amr = [
    ...firstFactorOf(methods, options, key),
    ...((second && amrOfRecord(second, key)) ?? []),
    ...(isMultiFactor ? [MULTI_FACTOR] : []),
  ];
  const proofs = isMultiFactor ? proofClaims(methods, (record) => (isOfKey(record) ? key : {})) : undefined;
  return {
    amr: [...new Set(amr)],
    ...(active && { auth_time: toSeconds(active.at) }),
    ...(isMultiFactor && { mfa_at: toSeconds(second.at) }),
    ...(acr !== undefined && { acr }),
    ...(proofs && { mfa_proofs: proofs }),
    ...(enrolled !== undefined && { mfa_enrolled: enrolled }),
  };
}

/** Whether this is the proof of a key, which shows facts about the key. */
function isOfKey(record: AuthenticationRecord): boolean {
  const type = typeOfRecord(record);
  return type !== undefined && showsFacts(type);
}

/** What is known about the proven key: what the ceremony proved, unless the application knows better. */
function keyOf(methods: readonly AuthenticationRecord[], { webauthn }: MfaClaimsOptions): MfaProofFacts {
  const { userVerified, backupEligible, attested } = newestRecord(methods, isOfKey) ?? {};
  return {
    ...(userVerified === undefined ? {} : { userVerified }),
    ...(backupEligible === undefined ? {} : { backupEligible }),
    ...(attested === undefined ? {} : { attested }),
    ...webauthn,
  };
}

/** Whether this proof was added to another factor, or is two factors by itself. */
function isAdded(
  record: AuthenticationRecord,
  methods: readonly AuthenticationRecord[],
  options: MfaClaimsOptions,
  key: MfaProofFacts,
): boolean {
  if (isVouchedFor(record)) return true;
  const hasFirst = options.firstFactor ? options.firstFactor.length > 0 : methods.some(isFirstFactor);
  return hasFirst || hasVerifyingKey(methods, key);
}

/** A key that verifies its user proves possession and a second factor at once, and is a sign-in by itself. */
function hasVerifyingKey(methods: readonly AuthenticationRecord[], key: MfaProofFacts): boolean {
  return key.userVerified === true && methods.some(isOfKey);
}

function firstFactorOf(
  methods: readonly AuthenticationRecord[],
  options: MfaClaimsOptions,
  facts: MfaProofFacts,
): readonly string[] {
  if (options.firstFactor) return options.firstFactor;
  const first = newestRecord(methods, isFirstFactor);
  // With `external`, the identity provider handled the password; nobody here saw one.
  const isElsewhere = first?.method === 'pwd' && methods.some(isVouchedFor);
  if (first) return isElsewhere ? [] : (amrOfRecord(first, {}) ?? []);
  const key = methods.find(isOfKey);
  return key && hasVerifyingKey(methods, facts) ? (amrOfRecord(key, facts) ?? []) : [];
}

/** Rounded down, so that a proof may look older than it is but never newer. */
function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
