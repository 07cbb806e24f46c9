import { raise } from '../core/policy/floor.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { isPhishingResistantType, typeOfRecord } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import type { MfaProfile } from '../options/profiles.js';
import { PROFILES, isRefusedBy } from '../options/profiles.js';
import type { MfaClaimFacts } from './read-mfa-claims.js';

/** `amr` values of what was sent by mail, under the names that this module, its applications and other issuers have for it. */
const BY_MAIL = /(^|[-_])e?mail([-_]|$)/i;
/** The same for what was sent or said to a phone (`sms` and `tel`: RFC 8176, section 2). */
const BY_PHONE = /(^|[-_])(sms|tel)([-_]|$)/i;
/** Typed codes: some issuers say `otp` of those that were sent, too. */
const TYPED = /^(otp|rc)$/i;
/** Keys. */
const KEY = /^(pop|hwk|swk)$/i;
/** Values that are no factor. */
const NO_FACTOR = /^(mfa|mca|user|geo|rba)$/i;

/** What a profile demands of a route, given what the token says of its first factor. */
export function demandedBy(
  profile: MfaProfile,
  asked: MfaRequirement,
  { amr }: MfaClaimFacts,
): MfaRequirement {
  if (profile === 'default') return asked;
  const { floor, maxSessionTtlSeconds } = PROFILES[profile];
  const { maxAge } = asked;
  return {
    ...raise(asked, floor),
    // No session of the profile is older; an issuer may have longer ones.
    ...(maxAge === undefined ? {} : { maxAge: Math.min(maxAge, maxSessionTtlSeconds) }),
    ...(isFirstDelivered(amr) ? { userVerified: true } : {}),
  };
}

/** The proofs of a token that count under a profile. Its issuer may have another profile, or none. */
export function countingProofs(
  profile: MfaProfile,
  { amr, records }: MfaClaimFacts,
): readonly AuthenticationRecord[] {
  if (profile === 'default') return records;
  const isRefused = amr.some((value) => BY_MAIL.test(value) || (profile !== 'aal2' && BY_PHONE.test(value)));
  return records.filter((record) => {
    const type = typeOfRecord(record);
    if (type !== undefined && isRefusedBy(profile, type)) return false;
    // Nothing but a key can be told from what was delivered: a typed code, or what has no name, may have been just that.
    return !isRefused || (type !== undefined && isPhishingResistantType(type));
  });
}

/**
 * Whether the only first factor that the token names is a link or code that was delivered, which is no knowledge (`isFirstDelivered` of a
 * session). This module names the first factor first; a key before a delivered code was one by itself.
 */
function isFirstDelivered(amr: readonly string[]): boolean {
  const factors = amr.filter((value) => !NO_FACTOR.test(value));
  const isDelivered = (value: string) => BY_MAIL.test(value) || BY_PHONE.test(value);
  if (!factors.some(isDelivered) || factors.length < 2) return false;
  const isAfterKey = KEY.test(factors[0] ?? '');
  return !isAfterKey && factors.every((value) => isDelivered(value) || TYPED.test(value) || KEY.test(value));
}
