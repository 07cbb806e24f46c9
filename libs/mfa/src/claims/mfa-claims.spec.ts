import { describe, expect, it } from '@jest/globals';

import type { AuthenticationMethod } from '../core/policy/methods.js';
import type { MfaClaims, MfaClaimsOptions } from './mfa-claims.js';
import { mfaClaims } from './mfa-claims.js';

/** In seconds. Each row of a table lists methods, and how long ago each was proven. */
const NOW = 1_800_000_000;

type Proof = [method: string, age: number];

const session = (...proofs: Proof[]) => ({
  status: 'authenticated',
  methods: proofs.map(([method, age]) => ({
    method: method as AuthenticationMethod,
    at: (NOW - age) * 1000,
  })),
});

const VERIFIED = { webauthn: { userVerified: true } };

const CASES: [string, Proof[], MfaClaimsOptions, MfaClaims][] = [
  ['a password', [['pwd', 0]], {}, { amr: ['pwd'], auth_time: NOW }],
  [
    'a password and a TOTP',
    [
      ['pwd', 20],
      ['totp', 10],
    ],
    {},
    { amr: ['pwd', 'otp', 'mfa'], auth_time: NOW - 10, mfa_at: NOW - 10 },
  ],
  [
    'a password that was entered again after the TOTP',
    [
      ['totp', 4000],
      ['pwd', 0],
    ],
    {},
    { amr: ['pwd', 'otp', 'mfa'], auth_time: NOW, mfa_at: NOW - 4000 },
  ],
  [
    'a password and a recovery code',
    [
      ['pwd', 0],
      ['recovery_code', 0],
    ],
    {},
    { amr: ['pwd', 'rc', 'mfa'], auth_time: NOW, mfa_at: NOW },
  ],
  [
    'a password and a key of which nothing is known',
    [
      ['pwd', 0],
      ['webauthn', 0],
    ],
    {},
    { amr: ['pwd', 'pop', 'user', 'mfa'], auth_time: NOW, mfa_at: NOW, acr: 'phr' },
  ],
  ['a key that may not have verified its user', [['webauthn', 0]], {}, alone(['pop', 'user'])],
  [
    'a key that did not verify its user',
    [['webauthn', 0]],
    { webauthn: { userVerified: false } },
    alone(['pop', 'user']),
  ],
  [
    'a passkey sign-in',
    [['webauthn', 0]],
    VERIFIED,
    {
      amr: ['pop', 'user', 'mfa'],
      auth_time: NOW,
      mfa_at: NOW,
      acr: 'phr',
      mfa_proofs: [{ method: 'webauthn', at: NOW, user_verified: true }],
    },
  ],
  [
    'a synced passkey',
    [['webauthn', 0]],
    { webauthn: { userVerified: true, backupEligible: true, attested: true } },
    {
      amr: ['swk', 'user', 'mfa'],
      auth_time: NOW,
      mfa_at: NOW,
      acr: 'phr',
      mfa_proofs: [{ method: 'webauthn', at: NOW, user_verified: true, attested: true }],
    },
  ],
  [
    'a device-bound key without attestation',
    [['webauthn', 0]],
    { webauthn: { backupEligible: false } },
    alone(['pop', 'user']),
  ],
  [
    'an attested key that may be synced for all we know',
    [['webauthn', 0]],
    { webauthn: { attested: true } },
    alone(['pop', 'user']),
  ],
  [
    'an attested device-bound key',
    [['webauthn', 0]],
    { webauthn: { attested: true, backupEligible: false } },
    { ...alone(['hwk', 'user']), acr: 'phrh' },
  ],
  [
    'an older key beside a newer TOTP',
    [
      ['pwd', 5000],
      ['webauthn', 4000],
      ['totp', 0],
    ],
    VERIFIED,
    {
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: NOW,
      mfa_at: NOW,
      mfa_proofs: [
        { method: 'webauthn', at: NOW - 4000, user_verified: true },
        { method: 'totp', at: NOW },
      ],
    },
  ],
  [
    'a passkey sign-in, then a TOTP',
    [
      ['webauthn', 4000],
      ['totp', 0],
    ],
    VERIFIED,
    {
      amr: ['pop', 'user', 'otp', 'mfa'],
      auth_time: NOW,
      mfa_at: NOW,
      mfa_proofs: [
        { method: 'webauthn', at: NOW - 4000, user_verified: true },
        { method: 'totp', at: NOW },
      ],
    },
  ],
  [
    'a key that verified nobody, then a TOTP: the same kind twice',
    [
      ['webauthn', 4000],
      ['totp', 0],
    ],
    {},
    { amr: ['otp'], auth_time: NOW },
  ],
  ['a TOTP alone', [['totp', 0]], {}, { amr: ['otp'], auth_time: NOW }],
  [
    'a TOTP on top of the application’s own sign-in',
    [['totp', 0]],
    { firstFactor: ['pwd'] },
    { amr: ['pwd', 'otp', 'mfa'], auth_time: NOW, mfa_at: NOW },
  ],
  [
    'a magic link and a TOTP',
    [
      ['pwd', 0],
      ['totp', 0],
    ],
    { firstFactor: [] },
    { amr: ['otp'], auth_time: NOW },
  ],
  [
    'a trusted device',
    [
      ['pwd', 60],
      ['trusted_device', 0],
    ],
    {},
    { amr: ['pwd'], auth_time: NOW - 60 },
  ],
  [
    'a trusted device after a TOTP',
    [
      ['pwd', 4000],
      ['totp', 4000],
      ['trusted_device', 0],
    ],
    {},
    { amr: ['pwd', 'otp', 'mfa'], auth_time: NOW - 4000, mfa_at: NOW - 4000 },
  ],
  ['a trusted device alone', [['trusted_device', 0]], { firstFactor: ['pwd'] }, { amr: ['pwd'] }],
  [
    'an identity provider that asked for several factors',
    [
      ['pwd', 0],
      ['external', 60],
    ],
    {},
    { amr: ['mfa'], auth_time: NOW, mfa_at: NOW - 60 },
  ],
  ['such a provider alone', [['external', 60]], {}, { amr: ['mfa'], auth_time: NOW - 60, mfa_at: NOW - 60 }],
  [
    'such a provider, and a TOTP here',
    [
      ['pwd', 60],
      ['external', 60],
      ['totp', 0],
    ],
    {},
    {
      amr: ['otp', 'mfa'],
      auth_time: NOW,
      mfa_at: NOW,
      mfa_proofs: [
        { method: 'external', at: NOW - 60 },
        { method: 'totp', at: NOW },
      ],
    },
  ],
  [
    'methods that nobody knows',
    [
      ['pwd', 60],
      ['telepathy', 0],
      ['constructor', 0],
      ['mca', 0],
    ],
    {},
    { amr: ['pwd'], auth_time: NOW - 60 },
  ],
  ['nothing', [], {}, { amr: [] }],
  ['a user without a factor', [['pwd', 0]], { enrolled: false }, withEnrolled(false)],
  ['a user with one', [['pwd', 0]], { enrolled: true }, withEnrolled(true)],
];

function alone(amr: string[]): MfaClaims {
  return { amr, auth_time: NOW, acr: 'phr' };
}

function withEnrolled(enrolled: boolean): MfaClaims {
  return { amr: ['pwd'], auth_time: NOW, mfa_enrolled: enrolled };
}

describe('mfaClaims', () => {
  it.each(CASES)('claims of %s what was proven, and no more', (_, proofs, options, expected) => {
    expect(mfaClaims(session(...proofs), options)).toEqual(expected);
  });

  it.each([
    [{ userVerified: true, backupEligible: false, attested: true }, ['hwk', 'user', 'mfa'], 'phrh'],
    [{ userVerified: true, backupEligible: false, attested: false }, ['pop', 'user', 'mfa'], 'phr'],
    [{ userVerified: true, backupEligible: true, attested: false }, ['swk', 'user', 'mfa'], 'phr'],
    [{ userVerified: false, backupEligible: true, attested: false }, ['swk', 'user'], 'phr'],
  ])('takes from the record what its ceremony has shown: %j', (facts, amr, acr) => {
    const methods = [{ method: 'webauthn' as const, at: NOW * 1000, ...facts }];
    const claims = mfaClaims({ methods });
    expect(claims).toMatchObject({ amr, acr });
    expect(claims.mfa_proofs?.[0]?.user_verified).toBe(facts.userVerified || undefined);
    // The application read this from the key itself.
    expect(mfaClaims({ methods }, { webauthn: { userVerified: false } }).amr).not.toContain('mfa');
  });

  it.each([
    ['webauthn', ['pop']],
    ['kerberos', ['wia']],
    ['federated', []],
    ['email', ['email']],
    ['external', ['external']],
    ['mfa', []],
    ['mca', []],
  ])('calls a first factor by its name in RFC 8176, and never several: %s', (word, amr) => {
    const method = word as AuthenticationMethod;
    const methods = [{ method, at: NOW * 1000, isFirst: true as const }];
    expect(mfaClaims({ methods })).toEqual({ amr, auth_time: NOW });
  });

  it('names a first factor that was seen here before an identity provider asked for more', () => {
    const at = NOW * 1000;
    const first = (method: string) => ({
      method: method as AuthenticationMethod,
      at,
      isFirst: true as const,
    });
    const amrAfter = (method: string) =>
      mfaClaims({ methods: [first(method), { method: 'external', at }] }).amr;
    expect(amrAfter('kerberos')).toEqual(['wia', 'mfa']);
    // A password was entered at the provider.
    expect(amrAfter('pwd')).toEqual(['mfa']);
  });

  it('leaves out what is not known, for libraries that refuse undefined claims', () => {
    expect(Object.keys(mfaClaims(session(['pwd', 0])))).toEqual(['amr', 'auth_time']);
  });

  it('rounds moments down', () => {
    const methods = [
      { method: 'pwd' as const, at: 1999 },
      { method: 'totp' as const, at: 2999 },
    ];
    expect(mfaClaims({ methods })).toMatchObject({ auth_time: 2, mfa_at: 2 });
  });

  it('makes none of a pending session', () => {
    expect(() => mfaClaims({ ...session(['pwd', 0]), status: 'pending' })).toThrow(TypeError);
  });

  it.each(['mfa', 'mca'])('does not let the application write %s', (value) => {
    expect(() => mfaClaims(session(['pwd', 0]), { firstFactor: ['pwd', value] })).toThrow(TypeError);
  });
});
