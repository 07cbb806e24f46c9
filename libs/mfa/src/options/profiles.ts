import type { MfaProfile } from './mfa-options.js';

/** What a profile changes about the defaults, and the bounds that it puts on what is given. */
export interface ProfilePreset {
  /** Recovery codes of at least 112 bits (ASVS v5.0.0-6.5.2, NIST SP 800-63B-4, section 4.2.1.1). */
  longRecoveryCodes: boolean;
  maxTolerance: 0 | 1;
  /** Greatest `session.ttlSeconds` (NIST SP 800-63B-4, sections 2.2.3 and 2.3.3). */
  maxSessionTtlSeconds: number;
  /** Greatest `gracePeriodSeconds`. */
  maxGracePeriodSeconds: number;
}

const DAY = 86_400;

export const PROFILES: Record<MfaProfile, ProfilePreset> = {
  default: {
    longRecoveryCodes: false,
    maxTolerance: 1,
    maxSessionTtlSeconds: 30 * DAY,
    maxGracePeriodSeconds: DAY,
  },
  aal2: {
    longRecoveryCodes: true,
    maxTolerance: 1,
    maxSessionTtlSeconds: DAY,
    maxGracePeriodSeconds: 3600,
  },
  strict: {
    longRecoveryCodes: true,
    maxTolerance: 0,
    maxSessionTtlSeconds: DAY / 2,
    maxGracePeriodSeconds: 900,
  },
};
