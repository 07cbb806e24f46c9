import { raise } from '../core/policy/floor.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { isPhishingResistantType, typeOfRecord } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import type { MfaProfile } from '../options/profiles.js';
import { PROFILES, isRefusedBy } from '../options/profiles.js';
import type { MfaClaimFacts } from './read-mfa-claims.js';

/** `amr` values for codes sent by email, under the names used by this module, its applications and other issuers. */
const BY_MAIL = /(^|[-_])e?mail([-_]|$)/i;
/** The same for codes sent to, or spoken on, a phone (`sms` and `tel`: RFC 8176, section 2). */
const BY_PHONE = /(^|[-_])(sms|tel)([-_]|$)/i;
/** Typed codes. Some issuers also use `otp` for codes that were sent. */
const TYPED = /^(otp|rc)$/i;
/** Keys. */
const KEY = /^(pop|hwk|swk)$/i;
/** Values that aren't factors. */
const NO_FACTOR = /^(mfa|mca|user|geo|rba)$/i;

/** What a profile requires of a route, given what the token says about its first factor. */
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
    // The profile allows no older sessions, but an issuer may have longer ones.
    ...(maxAge === undefined ? {} : { maxAge: Math.min(maxAge, maxSessionTtlSeconds) }),
    ...(isFirstDelivered(amr) ? { userVerified: true } : {}),
  };
}

/** The proofs of a token that count under a profile. The issuer may use another profile, or none. */
export function countingProofs(
  profile: MfaProfile,
  { amr, records }: MfaClaimFacts,
): readonly AuthenticationRecord[] {
  if (profile === 'default') return records;
  const isRefused = amr.some((value) => BY_MAIL.test(value) || (profile !== 'aal2' && BY_PHONE.test(value)));
  return records.filter((record) => {
    const type = typeOfRecord(record);
    if (type !== undefined && isRefusedBy(profile, type)) return false;
    // Only a key can be told apart from a delivered code; a typed code or an unnamed factor may be the delivered one.
    return !isRefused || (type !== undefined && isPhishingResistantType(type));
  });
}

/**
 * Whether the only first factor that the token names is a delivered link or code, which isn't knowledge (like `isFirstDelivered` of a
 * session). This module lists the first factor first; a key before a delivered code was a first factor by itself.
 */
function isFirstDelivered(amr: readonly string[]): boolean {
  const factors = amr.filter((value) => !NO_FACTOR.test(value));
  const isDelivered = (value: string) => BY_MAIL.test(value) || BY_PHONE.test(value);
  if (!factors.some(isDelivered) || factors.length < 2) return false;
  const isAfterKey = KEY.test(factors[0] ?? '');
  return !isAfterKey && factors.every((value) => isDelivered(value) || TYPED.test(value) || KEY.test(value));
}
