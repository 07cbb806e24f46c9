import { describe, expect, it } from '@jest/globals';

import type { MfaBehaviourOptions } from './mfa-options.js';
import { MfaOptionsError } from './options-error.js';
import type { MfaProfile, ProfilePreset } from './profiles.js';
import { MFA_PROFILES, PROFILES } from './profiles.js';
import { resolveOptions } from './resolve-options.js';

const secret = 'a secret of 32 bytes or more, for tests';
const webauthn = { rpId: 'example.com', rpName: 'Shop', origins: ['https://example.com'] };
const staging = { nodeEnv: 'staging', packageName: 'shop' };

type Given = Partial<MfaBehaviourOptions>;

const problemsOf = (options: Given, environment = staging): readonly string[] => {
  try {
    resolveOptions({ secret, webauthn, ...options }, environment);
    return [];
  } catch (error) {
    if (error instanceof MfaOptionsError) return error.problems;
    throw error;
  }
};

/**
 * An option that can break a profile: the rule it breaks, the most lenient allowed value, a value beyond it, and the option named in the
 * error.
 */
interface Breach {
  breaks: keyof ProfilePreset | 'trustedDevices' | 'secure';
  profiles: readonly MfaProfile[];
  within?: Given;
  beyond: Given;
  names: string;
}

const ALL = ['aal2', 'strict', 'aal3'] as const;
const STRICT = ['strict', 'aal3'] as const;

const BREACHES: readonly Breach[] = [
  {
    breaks: 'longRecoveryCodes',
    profiles: ALL,
    within: { recoveryCodes: { count: 8 } },
    beyond: { recoveryCodes: { digits: 16 } },
    names: '`recoveryCodes.digits`',
  },
  {
    breaks: 'maxTolerance',
    profiles: STRICT,
    within: { totp: { tolerance: 0 } },
    beyond: { totp: { tolerance: 1 } },
    names: '`totp.tolerance`',
  },
  {
    breaks: 'maxTolerance',
    profiles: ['aal2'],
    within: { totp: { tolerance: 1 } },
    beyond: { totp: { tolerance: 2 } },
    names: '`totp.tolerance`',
  },
  {
    breaks: 'maxTotpPeriodSeconds',
    profiles: ALL,
    within: { totp: { period: 60 } },
    beyond: { totp: { period: 61 } },
    names: '`totp.period`',
  },
  {
    breaks: 'maxSessionTtlSeconds',
    profiles: ['aal2'],
    within: { session: { ttlSeconds: 86_400 } },
    beyond: { session: { ttlSeconds: 86_401 } },
    names: '`session.ttlSeconds`',
  },
  {
    breaks: 'maxSessionTtlSeconds',
    profiles: STRICT,
    within: { session: { ttlSeconds: 43_200 } },
    beyond: { session: { ttlSeconds: 43_201 } },
    names: '`session.ttlSeconds`',
  },
  {
    breaks: 'maxSessionTtlSeconds',
    profiles: STRICT,
    within: { session: { rememberTtlSeconds: 43_200 } },
    beyond: { session: { rememberTtlSeconds: 43_201 } },
    names: '`session.rememberTtlSeconds`',
  },
  {
    breaks: 'maxSessionTtlSeconds',
    profiles: STRICT,
    within: { externalMfaMaxAgeSeconds: 43_200 },
    beyond: { externalMfaMaxAgeSeconds: 43_201 },
    names: '`externalMfaMaxAgeSeconds`',
  },
  {
    breaks: 'maxGracePeriodSeconds',
    profiles: ['aal2'],
    within: { gracePeriodSeconds: 3600 },
    beyond: { gracePeriodSeconds: 3601 },
    names: '`gracePeriodSeconds`',
  },
  {
    breaks: 'maxGracePeriodSeconds',
    profiles: STRICT,
    within: { gracePeriodSeconds: 900 },
    beyond: { gracePeriodSeconds: 901 },
    names: '`gracePeriodSeconds`',
  },
  {
    breaks: 'maxChangesAgeSeconds',
    profiles: ALL,
    within: { changesMaxAgeSeconds: 900 },
    beyond: { changesMaxAgeSeconds: 901 },
    names: '`changesMaxAgeSeconds`',
  },
  {
    breaks: 'maxIdleTtlSeconds',
    profiles: ['aal2'],
    within: { session: { idleTtlSeconds: 3600 } },
    beyond: { session: { idleTtlSeconds: 3601 } },
    names: '`session.idleTtlSeconds`',
  },
  {
    breaks: 'maxIdleTtlSeconds',
    profiles: STRICT,
    within: { session: { idleTtlSeconds: 900 } },
    beyond: { session: { idleTtlSeconds: 901 } },
    names: '`session.idleTtlSeconds`',
  },
  {
    breaks: 'maxIdleTtlSeconds',
    profiles: ALL,
    beyond: { session: { idleTtlSeconds: 0 } },
    names: '`session.idleTtlSeconds`',
  },
  {
    breaks: 'maxEnrollmentGraceSeconds',
    profiles: ALL,
    within: { enrollmentGracePeriodSeconds: 0 },
    beyond: { enrollmentGracePeriodSeconds: 1 },
    names: '`enrollmentGracePeriodSeconds`',
  },
  {
    breaks: 'maxAttempts',
    profiles: ALL,
    within: { rateLimit: { attempts: 10 } },
    beyond: { rateLimit: { attempts: 11 } },
    names: '`rateLimit.attempts`',
  },
  {
    breaks: 'minWindowSeconds',
    profiles: ALL,
    within: { rateLimit: { windowSeconds: 60 } },
    beyond: { rateLimit: { windowSeconds: 59 } },
    names: '`rateLimit.windowSeconds`',
  },
  {
    breaks: 'maxUnlockCodes',
    profiles: ALL,
    within: { rateLimit: { unlock: { byOtherFactor: true } } },
    beyond: { rateLimit: { unlock: { byCodes: 3 } } },
    names: '`rateLimit.unlock.byCodes`',
  },
  {
    breaks: 'maxUnlockCodes',
    profiles: ALL,
    beyond: { rateLimit: { unlock: { afterSeconds: 31_536_000 } } },
    names: '`rateLimit.unlock.afterSeconds`',
  },
  {
    breaks: 'needsAudit',
    profiles: ALL,
    within: { audit: { enabled: true } },
    beyond: { audit: { enabled: false } },
    names: '`audit.enabled`',
  },
  {
    breaks: 'needsPhishingResistant',
    profiles: ['aal2', 'strict'],
    within: { supportedTypes: ['totp', 'webauthn'] },
    beyond: { supportedTypes: ['totp'] },
    names: '`supportedTypes` must include `webauthn`',
  },
  {
    breaks: 'needsPhishingResistant',
    profiles: ALL,
    within: { changesNeed: 'strongest' },
    beyond: { changesNeed: 'any' },
    names: '`changesNeed`',
  },
  {
    breaks: 'offersOnlyFloor',
    profiles: ['aal3'],
    within: { supportedTypes: ['webauthn', 'recovery_codes'] },
    beyond: { supportedTypes: ['webauthn', 'totp'] },
    names: '`supportedTypes` must not include `totp`',
  },
  {
    breaks: 'sameSite',
    profiles: ALL,
    within: { session: { cookie: { sameSite: 'strict' } } },
    beyond: { session: { cookie: { sameSite: 'none' } } },
    names: '`session.cookie.sameSite`',
  },
  {
    breaks: 'userVerification',
    profiles: ['aal2'],
    within: { webauthn: { ...webauthn, userVerification: 'preferred' } },
    beyond: { webauthn: { ...webauthn, userVerification: 'discouraged' } },
    names: '`webauthn.userVerification`',
  },
  {
    breaks: 'userVerification',
    profiles: STRICT,
    within: { webauthn: { ...webauthn, userVerification: 'required' } },
    beyond: { webauthn: { ...webauthn, userVerification: 'preferred' } },
    names: '`webauthn.userVerification`',
  },
  {
    breaks: 'suspicions',
    profiles: STRICT,
    within: { webauthn: { ...webauthn, signCount: 'reject' } },
    beyond: { webauthn: { ...webauthn, signCount: 'report' } },
    names: '`webauthn.signCount`',
  },
  {
    breaks: 'suspicions',
    profiles: STRICT,
    within: { webauthn: { ...webauthn, backupEligibilityChange: 'reject' } },
    beyond: { webauthn: { ...webauthn, backupEligibilityChange: 'report' } },
    names: '`webauthn.backupEligibilityChange`',
  },
  {
    breaks: 'trustedDevices',
    profiles: ALL,
    within: { trustedDevices: { enabled: false } },
    beyond: { trustedDevices: { enabled: true } },
    names: '`trustedDevices`',
  },
  {
    breaks: 'secure',
    profiles: ALL,
    within: { session: { cookie: { secure: true } } },
    beyond: { session: { cookie: { secure: false } } },
    names: '`session.cookie.secure`',
  },
  {
    breaks: 'secure',
    profiles: ALL,
    within: { webauthn: { ...webauthn, allowInsecureOrigin: false } },
    beyond: { webauthn: { ...webauthn, allowInsecureOrigin: true } },
    names: '`webauthn.allowInsecureOrigin`',
  },
  {
    breaks: 'secure',
    profiles: ALL,
    within: { trustedOrigins: ['https://www.example.com'] },
    beyond: { trustedOrigins: ['http://localhost:4200'] },
    names: '`trustedOrigins`',
  },
  {
    breaks: 'secure',
    profiles: ALL,
    beyond: { totp: { insecureBypassCode: '000000' } },
    names: '`totp.insecureBypassCode`',
  },
];

const CASES = BREACHES.flatMap(({ profiles, ...breach }) =>
  profiles.map((profile) => [profile, breach.names, breach] as const),
);

describe('an option that breaks a profile', () => {
  it.each(CASES)('%s stops the boot: %s', (profile, names, { within, beyond }) => {
    expect(problemsOf({ ...beyond, profile })).toEqual([expect.stringContaining(names)]);
    expect(problemsOf({ ...within, profile })).toEqual([]);
  });

  it('is in the table above, for each bound that a profile sets', () => {
    // Checked at use, not at boot.
    const atUse = ['refusesWeak', 'floor'];
    for (const profile of MFA_PROFILES.filter((one) => one !== 'default')) {
      const bounds = Object.keys(PROFILES.default).filter((key) => {
        const bound = key as keyof ProfilePreset;
        const isSame = JSON.stringify(PROFILES[profile][bound]) === JSON.stringify(PROFILES.default[bound]);
        return !isSame && !atUse.includes(key);
      });
      const tried = new Set(
        CASES.filter(([one]) => one === profile).map(([, , { breaks }]) => breaks as string),
      );
      expect(bounds.filter((bound) => !tried.has(bound))).toEqual([]);
    }
  });
});

describe('a profile', () => {
  it.each(ALL)('%s starts with nothing but what every application gives', (profile) => {
    expect(problemsOf({ profile })).toEqual([]);
    expect(resolveOptions({ secret, webauthn, profile }, staging).audit.enabled).toBe(true);
  });

  it.each(ALL)('%s lets insecure origins in where an application is built', (profile) => {
    const local = {
      ...webauthn,
      rpId: 'localhost',
      origins: ['http://localhost:3000'],
      allowInsecureOrigin: true,
    };
    const given = { profile, webauthn: local, trustedOrigins: ['http://localhost:4200'] };
    for (const nodeEnv of ['development', 'test']) {
      const cookie = { secure: false };
      expect(problemsOf({ ...given, session: { cookie } }, { ...staging, nodeEnv })).toEqual([]);
    }
    expect(problemsOf(given)).toHaveLength(2);
  });

  it('aal3 offers keys and recovery codes, lives 12 hours, and 15 minutes unused', () => {
    const {
      supportedTypes,
      session,
      webauthn: kept,
    } = resolveOptions({ secret, webauthn, profile: 'aal3' }, staging);
    expect(supportedTypes).toEqual(['webauthn', 'recovery_codes']);
    expect(session).toMatchObject({ ttlSeconds: 43_200, idleTtlSeconds: 900 });
    expect(kept?.userVerification).toBe('required');
  });
});
