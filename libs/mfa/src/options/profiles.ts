import type { ProofFloor } from '../core/policy/floor.js';
import type { MfaType } from '../core/policy/methods.js';
import { traitsOf } from '../core/policy/methods.js';

/** Presets that follow a standard; an option that breaks the chosen one stops the boot. */
export type MfaProfile = 'default' | 'aal2' | 'strict' | 'aal3';

/** What a profile changes about the defaults, and the bounds that it puts on what is given. */
export interface ProfilePreset {
  /** Recovery codes of at least 112 bits (ASVS v5.0.0-6.5.2, NIST SP 800-63B-4, section 4.2.1.1). */
  longRecoveryCodes: boolean;
  maxTolerance: 0 | 1;
  /** Greatest `totp.period`, in seconds (NIST SP 800-63B-4, section 3.1.4.1, allows 120; ASVS v5.0.0-6.5.5 asks for 30). */
  maxTotpPeriodSeconds: number;
  /** Greatest `session.ttlSeconds` (NIST SP 800-63B-4, sections 2.2.3 and 2.3.3). */
  maxSessionTtlSeconds: number;
  /** Greatest `gracePeriodSeconds`. */
  maxGracePeriodSeconds: number;
  /** Greatest `changesMaxAgeSeconds`. */
  maxChangesAgeSeconds: number;
  /** Greatest `session.idleTtlSeconds`, which is also its default (NIST SP 800-63B-4, section 2.2.3); null: none is asked for. */
  maxIdleTtlSeconds: number | null;
  /** Greatest `enrollmentGracePeriodSeconds`: in it a password alone passes. */
  maxEnrollmentGraceSeconds: number;
  /** Greatest `rateLimit.attempts`. */
  maxAttempts: number;
  /** Least `rateLimit.windowSeconds`. */
  minWindowSeconds: number;
  /** Greatest `rateLimit.unlock.byCodes`: a disabled authenticator has to be bound anew (NIST SP 800-63B-4, section 3.2.2). */
  maxUnlockCodes: number;
  /** Whether every event has to be kept (NIST SP 800-63B-4, section 4.1). */
  needsAudit: boolean;
  /** Whether a phishing-resistant factor has to be offered (NIST SP 800-63B-4, section 2.2.2). */
  needsPhishingResistant: boolean;
  /** Whether only factors that meet {@link floor} may be enrolled, and what stands in for them. */
  offersOnlyFloor: boolean;
  /** What `session.cookie.sameSite` may be, the default first (NIST SP 800-63B-4, section 5.1.1). */
  sameSite: readonly ('lax' | 'strict' | 'none')[];
  /** What `webauthn.userVerification` may be, the default first. */
  userVerification: readonly ('required' | 'preferred' | 'discouraged')[];
  /** What `webauthn.signCount` and `backupEligibilityChange` may be, the default first. */
  suspicions: readonly ('reject' | 'report')[];
  /** Whether a proof of a weak factor ({@link MfaFactor.isWeak}) counts for nothing but for getting a better one. */
  refusesWeak: boolean;
  /** What every proof has to show, whatever a route says; null: nothing. */
  floor: ProofFloor | null;
}

const DAY = 86_400;

/** What the profiles have in common. */
const STANDARD = {
  longRecoveryCodes: true,
  maxTotpPeriodSeconds: 60,
  maxChangesAgeSeconds: 900,
  maxEnrollmentGraceSeconds: 0,
  maxAttempts: 10,
  minWindowSeconds: 60,
  maxUnlockCodes: 0,
  needsAudit: true,
  needsPhishingResistant: true,
  sameSite: ['lax', 'strict'],
  refusesWeak: true,
} as const satisfies Partial<ProfilePreset>;

const STRICT = {
  ...STANDARD,
  maxTolerance: 0,
  maxSessionTtlSeconds: DAY / 2,
  maxGracePeriodSeconds: 900,
  maxIdleTtlSeconds: 900,
  userVerification: ['required'],
  suspicions: ['reject'],
} as const satisfies Partial<ProfilePreset>;

export const PROFILES: Record<MfaProfile, ProfilePreset> = {
  default: {
    longRecoveryCodes: false,
    maxTolerance: 1,
    maxTotpPeriodSeconds: 120,
    maxSessionTtlSeconds: 30 * DAY,
    maxGracePeriodSeconds: DAY,
    maxChangesAgeSeconds: DAY,
    maxIdleTtlSeconds: null,
    maxEnrollmentGraceSeconds: 365 * DAY,
    maxAttempts: 1_000_000,
    minWindowSeconds: 1,
    maxUnlockCodes: 10,
    needsAudit: false,
    needsPhishingResistant: false,
    offersOnlyFloor: false,
    sameSite: ['lax', 'strict', 'none'],
    userVerification: ['preferred', 'required', 'discouraged'],
    suspicions: ['reject', 'report'],
    refusesWeak: false,
    floor: null,
  },
  aal2: {
    ...STANDARD,
    maxTolerance: 1,
    maxSessionTtlSeconds: DAY,
    maxGracePeriodSeconds: 3600,
    maxIdleTtlSeconds: 3600,
    offersOnlyFloor: false,
    userVerification: ['preferred', 'required'],
    suspicions: ['reject', 'report'],
    floor: null,
  },
  strict: { ...STRICT, offersOnlyFloor: false, floor: null },
  aal3: {
    ...STRICT,
    offersOnlyFloor: true,
    floor: { phishingResistant: true, userVerified: true, deviceBound: true },
  },
};

export const MFA_PROFILES = Object.keys(PROFILES) as [MfaProfile, ...MfaProfile[]];

/**
 * Whether a profile takes no proofs of this type, whatever the factor says of itself: e-mail is no out-of-band authenticator
 * (NIST SP 800-63B-4, section 3.1.3.1).
 */
export function isRefusedBy(profile: MfaProfile, type: MfaType): boolean {
  if (profile === 'default') return false;
  const { refusedBy = [], channel } = traitsOf(type) ?? {};
  return channel === 'email' || refusedBy.includes(profile);
}
