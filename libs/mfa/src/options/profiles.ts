import type { ProofFloor } from '../core/policy/floor.js';
import type { MfaType } from '../core/policy/methods.js';
import { traitsOf } from '../core/policy/methods.js';

/** Presets that follow a standard. The application doesn't boot with an option that breaks the chosen one. */
export type MfaProfile = 'default' | 'aal2' | 'strict' | 'aal3';

/** What a profile changes about the defaults, and the bounds it sets. */
export interface ProfilePreset {
  /** Recovery codes of at least 112 bits (ASVS v5.0.0-6.5.2, NIST SP 800-63B-4, section 4.2.1.1). */
  longRecoveryCodes: boolean;
  maxTolerance: 0 | 1;
  /** Maximum of `totp.period`, in seconds (NIST SP 800-63B-4, section 3.1.4.1, allows 120; ASVS v5.0.0-6.5.5 asks for 30). */
  maxTotpPeriodSeconds: number;
  /** Maximum of `session.ttlSeconds` (NIST SP 800-63B-4, sections 2.2.3 and 2.3.3). */
  maxSessionTtlSeconds: number;
  /** Maximum of `gracePeriodSeconds`. */
  maxGracePeriodSeconds: number;
  /** Maximum of `changesMaxAgeSeconds`. */
  maxChangesAgeSeconds: number;
  /** Maximum and default of `session.idleTtlSeconds` (NIST SP 800-63B-4, section 2.2.3); null if none is required. */
  maxIdleTtlSeconds: number | null;
  /** Maximum of `enrollmentGracePeriodSeconds`, during which a password alone is enough. */
  maxEnrollmentGraceSeconds: number;
  /** Maximum of `rateLimit.attempts`. */
  maxAttempts: number;
  /** Minimum of `rateLimit.windowSeconds`. */
  minWindowSeconds: number;
  /** Maximum of `rateLimit.unlock.byCodes`: a disabled authenticator has to be bound anew (NIST SP 800-63B-4, section 3.2.2). */
  maxUnlockCodes: number;
  /** Whether every event must be recorded (NIST SP 800-63B-4, section 4.1). */
  needsAudit: boolean;
  /** Whether a phishing-resistant factor must be offered (NIST SP 800-63B-4, section 2.2.2). */
  needsPhishingResistant: boolean;
  /** Whether users may only enroll factors that meet {@link floor}, and those that stand in for such factors. */
  offersOnlyFloor: boolean;
  /** The allowed values of `session.cookie.sameSite`, the default first (NIST SP 800-63B-4, section 5.1.1). */
  sameSite: readonly ('lax' | 'strict' | 'none')[];
  /** The allowed values of `webauthn.userVerification`, the default first. */
  userVerification: readonly ('required' | 'preferred' | 'discouraged')[];
  /** The allowed values of `webauthn.signCount` and `backupEligibilityChange`, the default first. */
  suspicions: readonly ('reject' | 'report')[];
  /** Whether a proof of a weak factor ({@link MfaFactor.isWeak}) counts only for adding a better one. */
  refusesWeak: boolean;
  /** What every proof must show, whatever the route requires; null for nothing. */
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
 * Whether a profile rejects proofs of this type, whatever the factor says about itself. Email isn't an out-of-band authenticator (NIST
 * SP 800-63B-4, section 3.1.3.1).
 */
export function isRefusedBy(profile: MfaProfile, type: MfaType): boolean {
  if (profile === 'default') return false;
  const { refusedBy = [], channel } = traitsOf(type) ?? {};
  return channel === 'email' || refusedBy.includes(profile);
}
