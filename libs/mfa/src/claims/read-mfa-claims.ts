import type { AuthenticationMethod, AuthenticationRecord } from '../core/policy/methods.js';
import { MFA_TYPES, isPhishingResistantType, methodOfType, traitsOf } from '../core/policy/methods.js';
import { MULTI_FACTOR } from './amr.js';
import type { MfaAcrLevel, MfaAcrLevels } from '../core/policy/acr.js';
import { MFA_ACR_LEVELS, areKeys } from '../core/policy/acr.js';
import { readProofClaims } from './proof-claims.js';

/** What a verified token says, in the terms of the policy. */
export interface MfaClaimFacts {
  /** The values of the claim `amr` (RFC 8176); empty if it is missing or not a list of strings. */
  amr: readonly string[];
  /** The proven second factors, with their times and known facts; empty if there are none. */
  records: AuthenticationRecord[];
  /** `auth_time` in milliseconds since the epoch; null if it is missing or not a valid time. */
  authenticatedAt: number | null;
  /** The level that the token states; null if it states none of the known levels. */
  acr: string | null;
  /** False only if the token says so; a token can't tell otherwise. */
  enrolled: boolean;
}

/** More methods than any sign-in has; a longer list is ignored. */
const MAX_METHODS = 32;

/** The latest time of an ECMAScript date, in seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** RFC 8176 values for second factors that this module doesn't have. */
const OTHER_CODES: readonly string[] = ['sms', 'tel'];

/**
 * Reads the claims of a token whose signature, issuer, audience and expiry **have been verified**. Nothing is assumed: a claim of the
 * wrong shape counts as absent, or invalidates whatever depends on it. Only the object's own properties count. A time in the future is
 * returned unchanged; the policy refuses it.
 *
 * @param levels the meaning of the claim `acr`: a level that only a key can reach means WebAuthn
 * @returns null if there are no claims at all, which means that nobody is signed in
 */
export function readMfaClaims(claims: unknown, levels: MfaAcrLevels = MFA_ACR_LEVELS): MfaClaimFacts | null {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return null;
  const amr = methodsOf(own(claims, 'amr'));
  const authenticatedAt = toMilliseconds(own(claims, 'auth_time'));
  return {
    amr,
    records: secondFactorOf(claims, amr, authenticatedAt, levels),
    authenticatedAt,
    acr: acrOf(claims, levels),
    enrolled: own(claims, 'mfa_enrolled') !== false,
  };
}

/** The level named by the claim `acr`, if it is a known one. */
function acrOf(claims: object, levels: MfaAcrLevels): string | null {
  const acr = own(claims, 'acr');
  return typeof acr === 'string' && Object.hasOwn(levels, acr) ? acr : null;
}

function secondFactorOf(
  claims: object,
  amr: readonly string[],
  authenticatedAt: number | null,
  levels: MfaAcrLevels,
): AuthenticationRecord[] {
  if (!amr.includes(MULTI_FACTOR)) return [];
  const proofs = readProofClaims(own(claims, 'mfa_proofs'));
  if (proofs) return proofs;
  const provenAt = own(claims, 'mfa_at');
  // Without it, the whole authentication happened at `auth_time`. An invalid time proves nothing.
  const at = provenAt === undefined ? authenticatedAt : toMilliseconds(provenAt);
  return at === null ? [] : [{ method: methodOf(amr, () => isOfKey(claims, levels)), at }];
}

/**
 * Which of the module's factors was proven; `external`, which doesn't fit routes that name a factor, if the token doesn't say. A token's
 * single time can't vouch for two factors, and a key only counts as WebAuthn with an `acr` that says so: other issuers write `hwk` and
 * `swk` for push messages too.
 */
function methodOf(amr: readonly string[], isPhishingResistant: () => boolean): AuthenticationMethod {
  let found: AuthenticationMethod | null = null;
  for (const type of MFA_TYPES) {
    const values = traitsOf(type)?.readFromAmr;
    if (!values || !amr.some((value) => values.includes(value))) continue;
    // Few tokens have values that a key would have, so the level is only checked for these.
    if (isPhishingResistantType(type) && !isPhishingResistant()) continue;
    const method = methodOfType(type);
    if (found !== null && found !== method) return 'external';
    found = method;
  }
  return found === null || amr.some((value) => OTHER_CODES.includes(value)) ? 'external' : found;
}

/** Whether the token states a level that only a key can reach. */
function isOfKey(claims: object, levels: MfaAcrLevels): boolean {
  // The meaning of the standard levels is known even if the application defines its own.
  const known: MfaAcrLevels = { ...MFA_ACR_LEVELS, ...levels };
  const acr = acrOf(claims, known);
  return acr !== null && areKeys(known[acr] as MfaAcrLevel);
}

/** `amr` is a list of strings (RFC 8176, section 1); anything else counts as empty. */
function methodsOf(amr: unknown): readonly string[] {
  if (!Array.isArray(amr) || amr.length > MAX_METHODS) return [];
  return amr.every((value): value is string => typeof value === 'string') ? amr : [];
}

function toMilliseconds(seconds: unknown): number | null {
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_SECONDS ? seconds * 1000 : null;
}

/** Never reads inherited properties: a payload with `__proto__` in it may have been copied by assignment. */
function own(claims: object, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims as Record<string, unknown>)[name] : undefined;
}
