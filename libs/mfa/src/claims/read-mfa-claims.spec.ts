import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import { satisfies } from '../core/policy/policy.js';
import { mfaClaims } from './mfa-claims.js';
import { readExternalMfa } from './read-external-mfa.js';
import { readMfaClaims } from './read-mfa-claims.js';

const NOW = 1_800_000_000;

const recordsOf = (claims: unknown) => readMfaClaims(claims)?.records;
const proof = (method: string, at = NOW) => [{ method, at: at * 1000 }];

describe('readMfaClaims', () => {
  it('reads as many methods as a token may name', () => {
    const amr = (length: number) => ['mfa', ...Array<string>(length - 1).fill('otp')];
    expect(recordsOf({ amr: amr(32), mfa_at: NOW })).toEqual(proof('totp'));
    expect(recordsOf({ amr: amr(33), mfa_at: NOW })).toEqual([]);
  });

  it.each([null, undefined, 'token', 7, true, [], [{ amr: ['mfa'] }], () => ({})])(
    'takes %j for nobody',
    (claims) => {
      expect(readMfaClaims(claims)).toBeNull();
    },
  );

  it.each([
    ['TOTP', { amr: ['pwd', 'otp', 'mfa'] }, 'totp'],
    ['recovery code', { amr: ['pwd', 'rc', 'mfa'] }, 'recovery_code'],
    ['key', { amr: ['pwd', 'pop', 'user', 'mfa'], acr: 'phr' }, 'webauthn'],
    ['hardware key', { amr: ['hwk', 'mfa'], acr: 'phrh' }, 'webauthn'],
    ['software key', { amr: ['swk', 'mfa'], acr: 'phr' }, 'webauthn'],
    ['passkey, then a TOTP', { amr: ['pop', 'user', 'otp', 'mfa'] }, 'totp'],
    ['key that may be a push message', { amr: ['pwd', 'hwk', 'mfa'] }, 'external'],
    ['key of an acr that is not ours', { amr: ['hwk', 'mfa'], acr: 'PHR' }, 'external'],
    ['key of several acr', { amr: ['hwk', 'mfa'], acr: ['phr'] }, 'external'],
    ['phishing resistance without a key', { amr: ['sc', 'mfa'], acr: 'phr' }, 'external'],
    ['method that nobody names', { amr: ['mfa'] }, 'external'],
    ['text message', { amr: ['pwd', 'sms', 'mfa'] }, 'external'],
    ['phone call that is called otp', { amr: ['pwd', 'otp', 'tel', 'mfa'] }, 'external'],
    ['text message that is called otp', { amr: ['pwd', 'otp', 'sms', 'mfa'] }, 'external'],
    ['TOTP and a key at one time', { amr: ['otp', 'hwk', 'mfa'], acr: 'phr' }, 'external'],
  ])('reads a %s', (_, claims, method) => {
    expect(recordsOf({ ...claims, auth_time: NOW, mfa_at: NOW })).toEqual(proof(method));
  });

  it.each([
    ['no amr', {}],
    ['one factor', { amr: ['otp'] }],
    ['two factors that nobody calls mfa', { amr: ['pwd', 'otp'] }],
    ['several channels', { amr: ['pwd', 'mca'] }],
    ['a trusted device', { amr: ['pwd', 'trusted_device'] }],
    ['phishing resistance alone', { amr: ['pop', 'user'], acr: 'phr' }],
    ['a string', { amr: 'mfa' }],
    ['a string with spaces', { amr: 'pwd otp mfa' }],
    ['other case', { amr: ['MFA'] }],
    ['an object with a length', { amr: { 0: 'mfa', length: 1, includes: true } }],
    ['a number in the list', { amr: ['mfa', 'otp', 1] }],
    ['a list in the list', { amr: [['mfa']] }],
    ['a huge list', { amr: [...Array<string>(100_000).fill('pwd'), 'mfa'] }],
    ['an inherited list', Object.create({ amr: ['mfa'], mfa_at: NOW }) as object],
    ['a copied __proto__', Object.assign({}, JSON.parse('{"__proto__":{"amr":["mfa"]}}')) as object],
  ])('finds no second factor in %s', (_, claims) => {
    expect(recordsOf(Object.assign(claims, { auth_time: NOW, mfa_at: NOW }))).toEqual([]);
  });

  it.each([
    ['mfa_at counts, not auth_time', { mfa_at: NOW - 4000, auth_time: NOW }, proof('totp', NOW - 4000)],
    ['auth_time stands in', { auth_time: NOW - 60 }, proof('totp', NOW - 60)],
    ['neither', {}, []],
    ['a broken mfa_at is not mended by auth_time', { mfa_at: 'today', auth_time: NOW }, []],
    ['null', { mfa_at: null, auth_time: NOW }, []],
    ['a string', { auth_time: String(NOW) }, []],
    ['NaN', { mfa_at: NaN, auth_time: NOW }, []],
    ['infinity', { mfa_at: Infinity }, []],
    ['the last date', { mfa_at: 8.64e12 }, proof('totp', 8.64e12)],
    ['no date any more', { mfa_at: 8.64e12 + 1 }, []],
    ['negative', { mfa_at: -1 }, []],
    ['zero', { auth_time: 0 }, []],
    ['a date', { auth_time: new Date() }, []],
  ])('time: %s', (_, times, records) => {
    expect(recordsOf({ amr: ['pwd', 'otp', 'mfa'], ...times })).toEqual(records);
  });

  it.each([
    [2, true],
    [3, false],
    [1000 * NOW, false],
    [-300, true],
    [-301, false],
  ])('a proof %p seconds from now passes: %p', (seconds, passes) => {
    const records = recordsOf({ amr: ['pwd', 'otp', 'mfa'], mfa_at: NOW + seconds }) ?? [];
    expect(satisfies({}, { records, now: NOW * 1000, defaultMaxAge: 300 })).toBe(passes);
  });

  describe('what the proofs have shown', () => {
    const token = (mfa_proofs: unknown, amr = ['pwd', 'otp', 'mfa']) => ({
      amr,
      auth_time: NOW,
      mfa_at: NOW,
      mfa_proofs,
    });

    it('is read as it was written, and decides', () => {
      const methods = [
        { method: 'pwd', at: NOW * 1000 },
        {
          method: 'webauthn',
          at: NOW * 1000 - 60_000,
          userVerified: true,
          backupEligible: false,
          attested: true,
        },
        { method: 'totp', at: NOW * 1000 },
      ] as AuthenticationRecord[];
      const records = recordsOf(mfaClaims({ methods })) ?? [];
      expect(records).toEqual(methods.slice(1));
      const facts = { records, now: NOW * 1000, defaultMaxAge: 300 };
      for (const requirement of [
        { userVerified: true, deviceBound: true, attested: true },
        { allOf: ['totp', 'webauthn'] },
        { phishingResistant: true },
      ] as const) {
        expect(satisfies(requirement, facts)).toBe(true);
        const old = { ...facts, now: NOW * 1000 + 250_000 };
        expect(satisfies(requirement, old)).toBe(false);
      }
    });

    it.each([
      [[{ method: 'webauthn', at: NOW, user_verified: 'true', device_bound: 1, attested: {} }]],
      [[{ method: 'webauthn', at: NOW, userVerified: true, backupEligible: false }]],
      [[{ method: 'webauthn', at: NOW, device_bound: false }]],
    ])('is what is true and nothing else: %j', (proofs) => {
      expect(recordsOf(token(proofs))).toEqual(proof('webauthn'));
    });

    it.each<[unknown]>([
      ['webauthn'],
      [[]],
      [{}],
      [[null]],
      [['webauthn']],
      [[{ method: 'webauthn', at: String(NOW) }]],
      [[{ method: 'webauthn', at: NOW + 0.5 }]],
      [[{ method: 'webauthn', at: 0 }]],
      [[{ method: 'webauthn', at: -NOW }]],
      [[undefined]],
      [[{ method: 'pwd', at: NOW }]],
      [[{ method: 'trusted_device', at: NOW }]],
      [[{ method: 'telepathy', at: NOW }]],
      [[{ method: 'totp', at: NOW }, { method: 'webauthn' }]],
      // A first factor or a trusted browser beside a second factor is not what was written either.
      ...['pwd', 'trusted_device', 'mfa', 'mca', 7, null, ['webauthn']].map((method): [unknown] => [
        [
          { method: 'webauthn', at: NOW },
          { method, at: NOW },
        ],
      ]),
      [Array(33).fill({ method: 'webauthn', at: NOW })],
    ])('counts for nothing where it is not what was written: %j', (proofs) => {
      expect(recordsOf(token(proofs))).toEqual(proof('totp'));
    });

    it('is read of as many as a session may hold', () => {
      expect(recordsOf(token(Array(32).fill({ method: 'external', at: 1 })))).toEqual(
        Array(32).fill({ method: 'external', at: 1000 }),
      );
    });

    it('is nothing without several factors', () => {
      expect(recordsOf(token([{ method: 'webauthn', at: NOW }], ['pwd']))).toEqual([]);
    });
  });

  it('tells when the user authenticated', () => {
    expect(readMfaClaims({ auth_time: NOW })?.authenticatedAt).toBe(NOW * 1000);
    expect(readMfaClaims({ auth_time: '1' })?.authenticatedAt).toBeNull();
  });

  it.each([
    [false, false],
    [true, true],
    [undefined, true],
    [null, true],
    [0, true],
    ['false', true],
  ])('takes mfa_enrolled %p for enrolled: %p', (claim, enrolled) => {
    expect(readMfaClaims({ mfa_enrolled: claim })?.enrolled).toBe(enrolled);
  });
});

describe('when an identity provider asked for several factors', () => {
  const claims = (...ats: number[]) => ({
    amr: ['pwd', 'otp', 'mfa'],
    auth_time: NOW - 900,
    mfa_proofs: ats.map((at) => ({ method: 'totp', at })),
  });

  it.each([
    [[NOW - 600, NOW - 10], NOW - 10],
    [[NOW - 10, NOW - 600], NOW - 10],
    [[NOW - 600], NOW - 600],
  ])('is the newest of %j', (ats, newest) => {
    expect(readExternalMfa(claims(...ats))).toEqual(new Date(newest * 1000));
  });

  it('is not said by what is no token', () => {
    for (const claims of [undefined, null, 'token', []]) expect(readExternalMfa(claims)).toBe(false);
  });

  it('is not said by a token that names one factor', () => {
    expect(readExternalMfa({ ...claims(NOW), amr: ['pwd'] })).toBe(false);
  });
});
