import type { AuthenticationMethod, AuthenticationRecord } from '../core/policy/methods.js';
import { MFA_TYPES, isPhishingResistantType, methodOfType, traitsOf } from '../core/policy/methods.js';
import { MULTI_FACTOR } from './amr.js';
import type { MfaAcrLevel, MfaAcrLevels } from '../core/policy/acr.js';
import { MFA_ACR_LEVELS, areKeys } from '../core/policy/acr.js';
import { readProofClaims } from './proof-claims.js';

/** What a verified token says, in the words of the policy. */
export interface MfaClaimFacts {
  /** The values of the claim `amr` (RFC 8176); empty when it is missing or no list of texts. */
  amr: readonly string[];
  /** The second factors that were proven, with their times and what is known of them; empty when there is none. */
  records: AuthenticationRecord[];
  /** `auth_time` in milliseconds since the epoch; null when it is missing or no moment. */
  authenticatedAt: number | null;
  /** The level that the token states; null where it states none that the table has. */
  acr: string | null;
  /** False only when the token says so itself: a token can't tell otherwise. */
  enrolled: boolean;
}

/** More methods than any sign-in has; a longer list is none. */
const MAX_METHODS = 32;

/** The greatest moment of an ECMAScript date, in seconds. */
const MAX_SECONDS = 8_640_000_000_000;

/** Values of RFC 8176 for a second factor that this module does not have. */
const OTHER_CODES: readonly string[] = ['sms', 'tel'];

/**
 * Reads the claims of a token whose signature, issuer, audience and expiry **have been verified**. Nothing is taken for
 * granted: what has the wrong shape counts as absent, or refuses what hangs on it. Only the object's own properties
 * count. A moment in the future is returned as it is; the policy refuses it.
 *
 * @param levels what the claim `acr` means: one whose level only a key can reach says that it was WebAuthn
 * @returns null when there are no claims at all, that is nobody
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

/** The level of the claim `acr`, if it is one of the table. */
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
  // Without one, the whole authentication happened at `auth_time`. One that is no moment vouches for nothing.
  const at = provenAt === undefined ? authenticatedAt : toMilliseconds(provenAt);
  return at === null ? [] : [{ method: methodOf(amr, () => isOfKey(claims, levels)), at }];
}

/**
 * Which of our factors was proven; `external`, which fits no route that names one, when the token does not say. The one time
 * of a token can't vouch for two factors, and a key is WebAuthn only with the `acr` of it: other issuers write `hwk` and
 * `swk` for push messages too.
 */
function methodOf(amr: readonly string[], isPhishingResistant: () => boolean): AuthenticationMethod {
  let found: AuthenticationMethod | null = null;
  for (const type of MFA_TYPES) {
    const values = traitsOf(type)?.readFromAmr;
    if (!values || !amr.some((value) => values.includes(value))) continue;
    // Few tokens say something that a key would: only these are asked for their level.
    if (isPhishingResistantType(type) && !isPhishingResistant()) continue;
    const method = methodOfType(type);
    if (found !== null && found !== method) return 'external';
    found = method;
  }
  return found === null || amr.some((value) => OTHER_CODES.includes(value)) ? 'external' : found;
}

/** Whether the token states a level that nothing but a key reaches. */
function isOfKey(claims: object, levels: MfaAcrLevels): boolean {
  // What these mean everybody knows, also beside levels of one's own.
  const known: MfaAcrLevels = { ...MFA_ACR_LEVELS, ...levels };
  const acr = acrOf(claims, known);
  return acr !== null && areKeys(known[acr] as MfaAcrLevel);
}

/** `amr` is a list of strings (RFC 8176, section 1); anything else is none. */
function methodsOf(amr: unknown): readonly string[] {
  if (!Array.isArray(amr) || amr.length > MAX_METHODS) return [];
  return amr.every((value): value is string => typeof value === 'string') ? amr : [];
}

function toMilliseconds(seconds: unknown): number | null {
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_SECONDS ? seconds * 1000 : null;
}

/** Never what a prototype has: a payload with `__proto__` in it may have been copied by assignment. */
function own(claims: object, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims as Record<string, unknown>)[name] : undefined;
}
