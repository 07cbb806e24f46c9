import { raise } from '../core/policy/floor.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { typeOfRecord } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import type { MfaProfile } from '../options/profiles.js';
import { PROFILES, isRefusedBy } from '../options/profiles.js';
import type { MfaClaimFacts } from './read-mfa-claims.js';

/** `amr` values of what was sent by mail: the first factor, and second ones that are named after it. */
const BY_MAIL = /^email(_\w+)?$/;
/** The same for what was sent or said to a phone (`sms` and `tel`: RFC 8176, section 2). */
const BY_PHONE = /^(sms|tel)(_\w+)?$/;
/** Values of what the user has, which say nothing of a first factor. */
const POSSESSION = /^(otp|rc|pop|hwk|swk)$/;
/** Values that are no factor. */
const NO_FACTOR = /^(mfa|mca|user)$/;

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
  return records.filter((record) => {
    const type = typeOfRecord(record);
    if (type !== undefined) return !isRefusedBy(profile, type);
    // Which factor it was can't be told: it may have been this one.
    return !amr.some((value) => isRefusedValue(profile, value));
  });
}

/** As {@link isRefusedBy} for factors that an API doesn't know. */
function isRefusedValue(profile: MfaProfile, value: string): boolean {
  if (profile === 'default') return false;
  return BY_MAIL.test(value) || (profile !== 'aal2' && BY_PHONE.test(value));
}

/** Whether the only first factor that the token names is a link or code that was delivered, which is no knowledge (`isFirstDelivered` of a session). */
function isFirstDelivered(amr: readonly string[]): boolean {
  const says =
    (...kinds: RegExp[]) =>
    (value: string) =>
      kinds.some((kind) => kind.test(value));
  return amr.some(says(BY_MAIL, BY_PHONE)) && amr.every(says(BY_MAIL, BY_PHONE, POSSESSION, NO_FACTOR));
}
