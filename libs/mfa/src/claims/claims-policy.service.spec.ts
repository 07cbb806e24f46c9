/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import type { MfaFactorTraits } from '../core/policy/methods.js';
import { registerFactorType } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import { ClaimsPolicy } from './claims-policy.service.js';
import type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
import { resolveClaimsOptions } from './mfa-claims-module-options.js';

const NOW = 1_800_000_000;
const TOTP = { amr: ['pwd', 'otp', 'mfa'], auth_time: NOW, mfa_at: NOW };
const KEY = { amr: ['pop', 'user', 'mfa'], auth_time: NOW, mfa_at: NOW, acr: 'phr' };

const decide = (requirement: MfaRequirement, user: unknown, options: MfaClaimsModuleOptions = {}) =>
  new ClaimsPolicy(resolveClaimsOptions(options), { now: () => NOW * 1000 }).decide(requirement, { user });

const passes = async (...given: Parameters<typeof decide>): Promise<boolean> =>
  (await decide(...given)).allow;

describe('a decision on a token', () => {
  it.each([undefined, null, 'token', []])('is that nobody is there, for %j', async (user) => {
    expect(await decide({}, user)).toEqual({ allow: false, code: 'unauthenticated' });
    expect(await decide({ acr: 'phr' }, user)).toEqual({ allow: false, code: 'unauthenticated' });
  });

  it('names all that the route takes, as nothing is known of the user’s factors', async () => {
    expect(await decide({}, { amr: ['pwd'] })).toEqual({
      allow: false,
      code: 'mfa_required',
      methods: ['totp', 'webauthn', 'recovery_codes'],
      maxAge: 300,
    });
    expect(await decide({ maxAge: 60 }, { amr: ['pwd'], mfa_enrolled: false })).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['totp', 'webauthn'],
    });
    expect(await passes({ allowUnenrolled: true }, { amr: ['pwd'], mfa_enrolled: false })).toBe(true);
    expect(await passes({ allowUnenrolled: true }, { amr: ['pwd'] })).toBe(false);
  });

  it('names the level to ask the issuer for', async () => {
    expect(await decide({ phishingResistant: true }, TOTP)).toMatchObject({ acr: 'phr' });
    expect(await decide({ acr: 'phrh' }, KEY)).toMatchObject({ code: 'mfa_required', acr: 'phrh' });
    expect(await decide({ methods: ['totp'] }, KEY)).not.toHaveProperty('acr');
  });

  it('is never made for what only sessions remember', async () => {
    await expect(decide({ once: true }, TOTP)).rejects.toThrow('`once` needs the sessions of MfaModule');
  });

  it.each([
    'findUser',
    'check',
    'checkAuthorization',
    'decideGlobally',
    'assertNotOverdue',
    'assertRecent',
  ] as const)('is all that can be asked: %s() says that it needs MfaModule', async (method) => {
    const policy = new ClaimsPolicy(resolveClaimsOptions({}), { now: () => NOW * 1000 });
    await expect(policy[method]()).rejects.toThrow(
      `\`MfaPolicyService.${method}()\` needs the sessions of MfaModule`,
    );
  });

  it('counts the age that the route or the option says, and that of the level', async () => {
    const old = { ...TOTP, mfa_at: NOW - 301 };
    expect(await passes({}, TOTP)).toBe(true);
    expect(await passes({}, old)).toBe(false);
    expect(await passes({ maxAge: 400 }, old)).toBe(true);
    expect(await passes({}, old, { gracePeriodSeconds: 301 })).toBe(true);
  });

  describe('with a level that is asked for', () => {
    const acr = { silver: {}, gold: { userVerified: true }, young: { userVerified: true, maxAge: 60 } };
    const stated = (level: string, mfa_at = NOW) => ({
      amr: ['mfa', 'otp'],
      auth_time: NOW,
      mfa_at,
      acr: level,
    });

    it.each([
      ['gold', 'gold', true],
      ['gold', 'silver', true],
      ['young', 'gold', true],
      ['silver', 'gold', false],
      ['platinum', 'gold', false],
    ])('takes the word of the issuer: %s for %s, %p', async (level, wanted, does) => {
      expect(await passes({ acr: wanted }, stated(level), { acr })).toBe(does);
    });

    it('takes a proof that shows what the level asks for, whatever is stated', async () => {
      const shown = { mfa_proofs: [{ method: 'webauthn', at: NOW, user_verified: true }] };
      expect(await passes({ acr: 'gold' }, { ...TOTP, ...shown }, { acr })).toBe(true);
      expect(await passes({ acr: 'gold', methods: ['totp'] }, stated('gold'), { acr })).toBe(true);
      expect(await passes({ acr: 'gold', methods: ['webauthn'] }, stated('gold'), { acr })).toBe(false);
    });

    it.each([
      [{ acr: 'gold' }, 300, true],
      [{ acr: 'gold' }, 301, false],
      [{ acr: 'gold', maxAge: 400 }, 400, true],
      [{ acr: 'gold', maxAge: 60 }, 61, false],
      [{ acr: 'young', maxAge: 400 }, 61, false],
      [{ acr: 'young' }, 60, true],
    ])('%j wants it young enough: %i s ago passes: %p', async (requirement, age, does) => {
      expect(await passes(requirement, stated('young', NOW - age), { acr })).toBe(does);
    });

    it('says what a proof has to show once what was stated is too old', async () => {
      expect(await decide({ acr: 'gold' }, stated('gold', NOW - 301), { acr })).toMatchObject({
        code: 'mfa_required',
        methods: ['webauthn'],
        needs: { userVerified: true },
      });
    });

    it('counts the newest of several proofs', async () => {
      const proofs = [NOW - 400, NOW, NOW - 500].map((at) => ({ method: 'totp', at }));
      for (const mfa_proofs of [proofs, proofs.toReversed()]) {
        expect(await passes({ acr: 'gold' }, { ...stated('gold'), mfa_proofs }, { acr })).toBe(true);
      }
    });

    it('asks for its age all the same, and for no younger proof than it wants', async () => {
      const acr = { gold: {}, young: { maxAge: 60 } };
      const key = { method: 'webauthn', at: NOW - 290, user_verified: true };
      const both = { ...stated('young'), mfa_proofs: [key, { method: 'totp', at: NOW }] };
      for (const besides of [
        { methods: ['webauthn'] },
        { allOf: ['webauthn', 'totp'] },
        { userVerified: true },
      ] as const) {
        expect(await passes({ acr: 'young', ...besides }, both, { acr })).toBe(false);
        expect(await passes({ acr: 'gold', ...besides }, both, { acr })).toBe(true);
      }
      const long = { acr: { long: { maxAge: 3600 } } };
      expect(await passes({ acr: 'long' }, stated('long', NOW - 3600), long)).toBe(true);
      expect(await passes({ acr: 'long' }, stated('long', NOW - 3601), long)).toBe(false);
      expect(await passes({ acr: 'long', maxAge: 60 }, stated('long', NOW - 61), long)).toBe(false);
    });

    it('takes no word where nothing was proven, or under a profile', async () => {
      expect(await passes({ acr: 'gold' }, { amr: ['pwd'], auth_time: NOW, acr: 'gold' }, { acr })).toBe(
        false,
      );
      expect(await passes({ acr: 'phr' }, { ...TOTP, acr: 'phr' })).toBe(true);
      expect(await passes({ acr: 'phr' }, { ...TOTP, acr: 'phr' }, { profile: 'aal3' })).toBe(false);
    });
  });

  describe('under a profile, which its issuer need not have', () => {
    const of = (...amr: string[]) => ({ amr: [...amr, 'mfa'], auth_time: NOW, mfa_at: NOW });
    const verified = { mfa_proofs: [{ method: 'webauthn', at: NOW, user_verified: true }] };

    it.each([
      ['default', 43_201, true],
      ['aal2', 43_201, true],
      ['aal2', 86_400, true],
      ['aal2', 86_401, false],
      ['strict', 43_200, true],
      ['strict', 43_201, false],
    ] as const)(
      '%s takes a proof of %i s, longer than its sessions last or not: %p',
      async (profile, age, does) => {
        const old = { ...TOTP, mfa_at: NOW - age };
        expect(await passes({ maxAge: 30 * 86_400 }, old, { profile })).toBe(does);
      },
    );

    it.each([
      // With a delivered code as first factor, another possession is no second factor.
      [['email', 'otp'], true, false, false],
      [['sms', 'otp'], true, false, false],
      [['tel', 'email_code'], true, false, false],
      [['sms', 'pop'], true, false, false],
      [['email', 'rba', 'geo', 'otp'], true, false, false],
      [['pwd', 'otp'], true, true, true],
      [['kerberos', 'otp'], true, true, true],
      // A code delivered by email is no second factor at all; by phone, none under `strict`.
      [['pwd', 'email'], true, false, false],
      [['kerberos', 'email', 'otp'], true, false, false],
      [['pwd', 'email', 'otp'], true, false, false],
      [['pwd', 'otp', 'x_secondary_oob_otp_email'], true, false, false],
      [['pwd', 'otp', 'Email-OTP'], true, false, false],
      [['pwd', 'SMS-otp'], true, true, false],
      [['pwd', 'email_code'], true, false, false],
      [['pwd', 'sms'], true, true, false],
      [['pwd', 'sms_code'], true, true, false],
      [['pwd', 'x_mail'], true, false, false],
      [['pwd', 'mail_pin'], true, false, false],
      [['pwd', 'x_tel'], true, true, false],
      [['pwd', 'telephone'], true, true, true],
      [['pwd', 'voicemail'], true, true, true],
      [['pwd', 'mailbox'], true, true, true],
      // What only resembles a typed code, a key or no factor may be something that the user knows.
      [['sms', 'xotp'], true, true, false],
      [['sms', 'otpx'], true, true, false],
      [['sms', 'xpop'], true, true, false],
      [['sms', 'popx'], true, true, false],
      [['sms', 'superuser'], true, true, false],
      [['sms', 'userx'], true, true, false],
      [['sms', 'RC'], true, false, false],
      [['sms', 'otp', 'superuser'], true, true, false],
      [['sms', 'otp', 'userx'], true, true, false],
      // An unnamed first factor, or a key, followed by a code by text message.
      [['sms'], true, true, false],
      [['swk', 'user', 'sms'], true, true, false],
      // The issuer vouches for several factors without naming them.
      [[], true, true, true],
    ])('amr %j: by default %p, under aal2 %p, under strict %p', async (amr, byDefault, aal2, strict) => {
      expect(await passes({}, of(...amr))).toBe(byDefault);
      expect(await passes({}, of(...amr), { profile: 'aal2' })).toBe(aal2);
      expect(await passes({}, of(...amr), { profile: 'strict' })).toBe(strict);
    });

    it('takes a key that verified its user beside what was delivered', async () => {
      const byLink = { ...of('email', 'pop'), ...verified };
      expect(await passes({}, byLink, { profile: 'aal2' })).toBe(true);
      expect(
        await passes({}, { ...byLink, mfa_proofs: [{ method: 'webauthn', at: NOW }] }, { profile: 'aal2' }),
      ).toBe(false);
    });

    it('takes no proof by a factor that it refuses at boot', async () => {
      registerFactorType({ type: 'mail_pin', channel: 'email' } as unknown as MfaFactorTraits);
      const proven = { ...of('pwd', 'mail_pin'), mfa_proofs: [{ method: 'mail_pin', at: NOW }] };
      expect(await passes({}, proven)).toBe(true);
      expect(await passes({}, proven, { profile: 'aal2' })).toBe(false);
      const acr = { special: { maxAge: 60 } };
      const older = [{ method: 'totp', at: NOW - 290 }, ...proven.mfa_proofs];
      const stating = { ...proven, mfa_proofs: older, acr: 'special' };
      expect(await passes({ acr: 'special' }, stating, { acr })).toBe(true);
      expect(await passes({ acr: 'special' }, stating, { acr, profile: 'aal2' })).toBe(false);
      expect(await decide({}, { amr: ['pwd'] }, { profile: 'aal2' })).not.toMatchObject({
        methods: expect.arrayContaining(['mail_pin']),
      });
    });

    it('takes no proof by a factor whose name says nothing of how its codes come', async () => {
      registerFactorType({ type: 'postbox', channel: 'email', amr: ['otp'] } as unknown as MfaFactorTraits);
      const proofs = (...methods: string[]) => methods.map((method) => ({ method, at: NOW }));
      const proven = { ...of('pwd', 'otp'), mfa_proofs: proofs('postbox') };
      expect(await passes({}, proven)).toBe(true);
      expect(await passes({}, proven, { profile: 'aal2' })).toBe(false);
      expect(
        await passes({}, { ...proven, mfa_proofs: proofs('postbox', 'totp') }, { profile: 'aal2' }),
      ).toBe(true);
    });

    it('keeps the proofs that it knows beside one that it does not', async () => {
      const key = { method: 'webauthn', at: NOW, user_verified: true, device_bound: true };
      const besides = { ...of('pwd', 'push'), mfa_proofs: [key, { method: 'push', at: NOW }] };
      expect(await passes({}, besides, { profile: 'aal3' })).toBe(true);
      expect(await passes({ methods: ['webauthn'] }, besides)).toBe(true);
      const newer = {
        ...besides,
        mfa_proofs: [
          { ...key, at: NOW - 200 },
          { method: 'push', at: NOW },
        ],
      };
      expect(await passes({ maxAge: 60 }, newer)).toBe(true);
      expect(await passes({ maxAge: 60, methods: ['webauthn'] }, newer)).toBe(false);
    });
  });

  it('reads the claims where the option says, and notes nothing', async () => {
    const options = resolveClaimsOptions({
      claims: (request) => Promise.resolve((request as { token: unknown }).token),
    });
    const policy = new ClaimsPolicy(options, { now: () => NOW * 1000 });
    expect(await policy.decide({}, { token: TOTP, user: {} })).toEqual({ allow: true });
    expect(policy.defaultMaxAge).toBe(300);
    expect(policy.noteUse()).toBeUndefined();
  });
});

describe('the options', () => {
  const resolve = (options: object) => resolveClaimsOptions(options);
  const YEAR = 366 * 86_400;

  it.each([
    [{}, 300],
    [{ gracePeriodSeconds: 1 }, 1],
    [{ gracePeriodSeconds: YEAR }, YEAR],
    [{ profile: 'strict', gracePeriodSeconds: 900 }, 900],
    [{ profile: 'aal2' }, 300],
  ])('%j have a proof count for %i s', (options, seconds) => {
    expect(resolve(options).gracePeriodSeconds).toBe(seconds);
  });

  it.each([
    [{ gracePeriodSeconds: 0 }, 'gracePeriodSeconds'],
    [{ gracePeriodSeconds: YEAR + 1 }, 'gracePeriodSeconds'],
    [{ profile: 'strict', gracePeriodSeconds: 901 }, 'gracePeriodSeconds'],
    [{ profile: 'lax' }, 'profile'],
    [{ claims: 'user' }, '`claims` must be a function'],
    [{ grace: 5 }, '`grace` is not an option; the options are gracePeriodSeconds, acr,'],
    [{ acr: 'gold' }, '`acr` must be an object of levels'],
    [{ acr: { gold: { once: true } } }, '`acr`: `gold` is not a level'],
  ])('%j are refused', (options, problem) => {
    expect(() => resolve(options)).toThrow(problem);
  });
});
