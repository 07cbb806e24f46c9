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

/** What the application knows of the WebAuthn key behind a session; what it does not know it leaves out. */
export interface WebAuthnFacts {
  /** The key verified its user (UV) in this ceremony, as every passkey sign-in of this module demands. */
  userVerified?: boolean;
  /** BE: the key can be synced to other devices. */
  backupEligible?: boolean;
  /** Its attestation was verified up to a trust anchor of hardware keys. A statement that nobody anchored is none. */
  attested?: boolean;
}

/** What a token says of how its user was authenticated. All moments are whole seconds since the epoch. */
export interface MfaClaims {
  /** The first factor and the newest second one (RFC 8176). */
  amr: string[];
  /** The latest active authentication (OpenID Connect Core, section 2); absent when there was none. */
  auth_time?: number;
  /** When the second factor was proven; only beside `mfa` in `amr`. A private claim. */
  mfa_at?: number;
  /** The strongest level that the newest second factor reaches; by default `phr` or `phrh` of a key (OpenID EAP ACR Values 1.0). */
  acr?: string;
  /** The second factors with what they have shown, where there is more to say than the other claims do. A private claim. */
  mfa_proofs?: MfaProofClaim[];
  /** Whether the user has a second factor. A private claim. */
  mfa_enrolled?: boolean;
}

export interface MfaClaimsOptions {
  /**
   * The `amr` values of the first factor. Default: what `login` was told of it (`firstFactor`). Name it here when the application has its own sign-in, whose
   * sessions begin with a step-up and hold the second factor only. Of another kind than the second; never `mfa` or `mca`.
   */
  firstFactor?: readonly string[];
  /** What the application knows of the key behind the `webauthn` record. Default: what its ceremony has shown. */
  webauthn?: WebAuthnFacts;
  /** The levels that the claim `acr` may name, as the option of `MfaModule`. Default: `MFA_ACR_LEVELS`. */
  acr?: MfaAcrLevels;
  /** Whether the user has a second factor. False opens routes with `allowUnenrolled`: leave it out for who must enroll. */
  enrolled?: boolean;
}

/** As much of an `AuthenticationSession` as the claims are made of. */
export interface MfaProvenSession {
  status?: string;
  methods: readonly AuthenticationRecord[];
}

/**
 * Honest claims for the access token that `completeLogin` hands out: nothing that was not proven, nothing newer than it is.
 *
 * A token has one time for its second factor, so only the newest one is listed: an older key does not make a new TOTP
 * phishing-resistant.
 *
 * @throws {TypeError} when the session is pending, or `firstFactor` names `mfa` or `mca`
 */
export function mfaClaims(session: MfaProvenSession, options: MfaClaimsOptions = {}): MfaClaims {
  if (session.status === 'pending')
    throw new TypeError('A pending session has proven nothing yet: no claims');
  const { firstFactor, enrolled, acr: levels = MFA_ACR_LEVELS } = options;
  if (firstFactor?.some((value) => value === MULTI_FACTOR || value === MULTI_CHANNEL)) {
    throw new TypeError('`firstFactor` names the one factor that was proven: neither `mfa` nor `mca`');
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

/** Whether this is the proof of a key, which shows how it was made. */
function isOfKey(record: AuthenticationRecord): boolean {
  const type = typeOfRecord(record);
  return type !== undefined && showsFacts(type);
}

/** What is known of the key that was proven: what the ceremony has shown, unless the application knows better. */
function keyOf(methods: readonly AuthenticationRecord[], { webauthn }: MfaClaimsOptions): MfaProofFacts {
  const { userVerified, backupEligible, attested } = newestRecord(methods, isOfKey) ?? {};
  return {
    ...(userVerified === undefined ? {} : { userVerified }),
    ...(backupEligible === undefined ? {} : { backupEligible }),
    ...(attested === undefined ? {} : { attested }),
    ...webauthn,
  };
}

/** Whether this proof came on top of another factor, or is two factors by itself. */
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

/** A key that verifies its user is possession and a second thing at once, and a sign-in by itself. */
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
  // Beside `external` the password is the identity provider's business: nobody here saw one.
  const isElsewhere = first?.method === 'pwd' && methods.some(isVouchedFor);
  if (first) return isElsewhere ? [] : (amrOfRecord(first, {}) ?? []);
  const key = methods.find(isOfKey);
  return key && hasVerifyingKey(methods, facts) ? (amrOfRecord(key, facts) ?? []) : [];
}

/** Rounded down: a proof may look older than it is, never newer. */
function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
