/** Presets that follow a standard; an option that breaks the chosen one stops the boot. */
export type MfaProfile = 'default' | 'aal2' | 'strict';

/** What a profile changes about the defaults, and the bounds that it puts on what is given. */
export interface ProfilePreset {
  /** Recovery codes of at least 112 bits (ASVS v5.0.0-6.5.2, NIST SP 800-63B-4, section 4.2.1.1). */
  longRecoveryCodes: boolean;
  maxTolerance: 0 | 1;
  /** Greatest `session.ttlSeconds` (NIST SP 800-63B-4, sections 2.2.3 and 2.3.3). */
  maxSessionTtlSeconds: number;
  /** Greatest `gracePeriodSeconds`. */
  maxGracePeriodSeconds: number;
  /** Greatest `changesMaxAgeSeconds`. */
  maxChangesAgeSeconds: number;
  /** Greatest `session.idleTtlSeconds`, which is also its default (NIST SP 800-63B-4, section 2.2.3); null: none is asked for. */
  maxIdleTtlSeconds: number | null;
  /** Whether a phishing-resistant factor has to be offered (NIST SP 800-63B-4, section 2.2.2). */
  needsPhishingResistant: boolean;
  /** What `webauthn.userVerification` may be, the default first. */
  userVerification: readonly ('required' | 'preferred' | 'discouraged')[];
}

const DAY = 86_400;

export const PROFILES: Record<MfaProfile, ProfilePreset> = {
  default: {
    longRecoveryCodes: false,
    maxTolerance: 1,
    maxSessionTtlSeconds: 30 * DAY,
    maxGracePeriodSeconds: DAY,
    maxChangesAgeSeconds: DAY,
    maxIdleTtlSeconds: null,
    needsPhishingResistant: false,
    userVerification: ['preferred', 'required', 'discouraged'],
  },
  aal2: {
    longRecoveryCodes: true,
    maxTolerance: 1,
    maxSessionTtlSeconds: DAY,
    maxGracePeriodSeconds: 3600,
    maxChangesAgeSeconds: 900,
    maxIdleTtlSeconds: 3600,
    needsPhishingResistant: true,
    userVerification: ['preferred', 'required'],
  },
  strict: {
    longRecoveryCodes: true,
    maxTolerance: 0,
    maxSessionTtlSeconds: DAY / 2,
    maxGracePeriodSeconds: 900,
    maxChangesAgeSeconds: 900,
    maxIdleTtlSeconds: 900,
    needsPhishingResistant: true,
    userVerification: ['required'],
  },
};
