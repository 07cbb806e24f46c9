import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord, MfaProofFacts } from './methods.js';
import type { MfaRequirement, PolicyFacts } from './policy.js';
import { decide } from './policy.js';
import { assertSatisfiable, mergeRequirements, readRequirement } from './requirements.js';

const NOW = 1_800_000_000_000;
const UNKNOWN = [true, false, undefined];
const YES_NO = [true, false];

const facts = (records: AuthenticationRecord[], more: Partial<PolicyFacts> = {}): PolicyFacts => ({
  hasUser: true,
  mustEnroll: false,
  enrolled: true,
  enrolledTypes: ['totp', 'webauthn', 'recovery_codes'],
  usableTypes: ['totp', 'webauthn', 'recovery_codes'],
  offeredTypes: ['totp', 'webauthn', 'recovery_codes'],
  enrollmentDeadline: null,
  now: NOW,
  defaultMaxAge: 300,
  ...more,
  records,
});

/** Every combination of known facts about a key, and every way to ask for them. */
const KEYS: MfaProofFacts[] = UNKNOWN.flatMap((userVerified) =>
  UNKNOWN.flatMap((backupEligible) =>
    UNKNOWN.map((attested) => ({ userVerified, backupEligible, attested })),
  ),
);
const DEMANDS = YES_NO.flatMap((userVerified) =>
  YES_NO.flatMap((deviceBound) => YES_NO.map((attested) => ({ userVerified, deviceBound, attested }))),
);

describe('what the key has to show', () => {
  it('is met by what is known, in every combination, and never by what is not', () => {
    const wrong = DEMANDS.flatMap((demand) =>
      KEYS.filter((key) => {
        const shown = [key.userVerified, key.backupEligible === false, key.attested].map(
          (one) => one === true,
        );
        const asked = [demand.userVerified, demand.deviceBound, demand.attested];
        const isMet = asked.every((one, index) => !one || shown[index]);
        return decide(demand, facts([{ method: 'webauthn', at: NOW, ...key }])).allow !== isMet;
      }).map((key) => ({ demand, key })),
    );
    expect(wrong).toEqual([]);
    expect(DEMANDS.length * KEYS.length).toBe(8 * 27);
  });

  it('is met by one proof, and not by two that share it', () => {
    const shared: AuthenticationRecord[] = [
      { method: 'webauthn', at: NOW - 1000, userVerified: true, backupEligible: true },
      { method: 'webauthn', at: NOW, userVerified: false, backupEligible: false, isFirst: true },
    ];
    expect(decide({ userVerified: true, deviceBound: true }, facts(shared)).allow).toBe(false);
  });

  it('is met by no first factor, whatever an application calls it', () => {
    for (const method of ['totp', 'webauthn', 'recovery_code', 'external', 'trusted_device'] as const) {
      const records: AuthenticationRecord[] = [{ method, at: NOW, isFirst: true }];
      for (const demand of [{}, { acceptTrustedDevice: true }, { once: true }])
        expect([method, demand, decide(demand, facts(records)).allow]).toEqual([method, demand, false]);
    }
  });

  it('is not met by what says nothing of a key', () => {
    for (const demand of DEMANDS.filter((one) => Object.values(one).includes(true))) {
      for (const method of ['totp', 'recovery_code', 'external', 'trusted_device', 'pwd'] as const) {
        const claimed = { userVerified: true, backupEligible: false, attested: true };
        expect(decide(demand, facts([{ method, at: NOW, ...claimed }])).allow).toBe(false);
      }
    }
  });

  it('leads to another key only where none of the user’s is of the kind', () => {
    const answer = (keys: MfaProofFacts[] | undefined, demand: MfaRequirement) =>
      decide(demand, facts([], keys ? { keys } : {}));
    const synced = { backupEligible: true, attested: true };
    const plain = { backupEligible: false };
    expect(answer([synced, plain], { deviceBound: true })).toEqual({
      allow: false,
      code: 'mfa_required',
      methods: ['webauthn'],
      maxAge: 300,
      needs: { deviceBound: true },
    });
    expect(answer([synced, plain], { deviceBound: true, attested: true })).toEqual({
      allow: false,
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
      reason: 'other_factor_needed',
      needs: { deviceBound: true, attested: true },
    });
    // A key may learn to verify its user, and nothing is known about keys that weren't reported.
    expect(answer([synced], { userVerified: true })).toMatchObject({ code: 'mfa_required' });
    expect(answer(undefined, { deviceBound: true })).toMatchObject({ code: 'mfa_required' });
  });
});

describe('allOf', () => {
  const both: MfaRequirement = { allOf: ['totp', 'webauthn'] };
  const totp: AuthenticationRecord = { method: 'totp', at: NOW - 300_000 };
  const key: AuthenticationRecord = { method: 'webauthn', at: NOW - 300_000, userVerified: false };

  it('is met by each of them, none too old', () => {
    expect(decide(both, facts([totp, key])).allow).toBe(true);
    expect(decide(both, facts([totp, { ...key, at: NOW - 300_001 }]))).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
      needs: { allOf: ['totp', 'webauthn'] },
    });
    expect(decide(both, facts([]))).toMatchObject({ methods: ['totp', 'webauthn'] });
    expect(decide(both, facts([{ method: 'recovery_code', at: NOW }, key]))).toMatchObject({
      methods: ['totp'],
    });
  });

  it('names what is missing where the user lacks one of them', () => {
    const app = facts([totp], { enrolledTypes: ['totp'], usableTypes: ['totp'] });
    expect(decide(both, app)).toMatchObject({ code: 'mfa_enrollment_required', methods: ['webauthn'] });
    const none = facts([], { enrolled: false, enrolledTypes: [], usableTypes: [] });
    expect(decide(both, none)).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['totp', 'webauthn'],
    });
  });

  it('asks of the others nothing that only a key could show', () => {
    const synced = { keys: [{ backupEligible: true }] };
    expect(decide({ allOf: ['totp'], deviceBound: true }, facts([], synced))).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
    });
  });

  it('comes on top of what else is asked for, which one proof meets', () => {
    const strict: MfaRequirement = { ...both, userVerified: true };
    expect(decide(strict, facts([totp, key]))).toMatchObject({ code: 'mfa_required', methods: ['webauthn'] });
    expect(decide(strict, facts([totp, { ...key, userVerified: true }])).allow).toBe(true);
    expect(decide({ allOf: ['totp'], phishingResistant: true }, facts([totp])).allow).toBe(false);
  });
});

describe('once', () => {
  const once: MfaRequirement = { once: true };
  const spent: AuthenticationRecord = { method: 'totp', at: NOW, spent: true };

  it('takes no proof that was spent; without it, it goes on counting', () => {
    expect(decide(once, facts([spent]))).toMatchObject({ code: 'mfa_required', needs: { once: true } });
    expect(decide({}, facts([spent])).allow).toBe(true);
    expect(decide(once, facts([spent, { method: 'webauthn', at: NOW - 1000 }])).allow).toBe(true);
  });
});

describe('a requirement as it is written down', () => {
  it.each<[object, string]>([
    [{ userVerifed: true }, 'has no option `userVerifed`'],
    [{ userVerified: 'yes' }, 'takes a boolean'],
    [{ allOf: [] }, 'takes different types'],
    [{ allOf: 'totp' }, 'takes different types'],
    [{ allOf: ['totp', 'totp'] }, 'takes different types'],
    [{ methods: ['totp'], userVerified: true }, 'no factor can meet these requirements'],
    [{ methods: ['totp', 'recovery_codes'], deviceBound: true }, 'no factor can meet these requirements'],
    [{ methods: ['totp'], allOf: ['webauthn'] }, '`allOf` requires webauthn, which `methods` leaves out'],
    [{ acceptTrustedDevice: true, once: true }, 'has no proof to spend'],
    [{ acceptTrustedDevice: true, allOf: ['totp'] }, 'is not a particular factor'],
    [{ acceptTrustedDevice: true, attested: true }, 'is not a key'],
    [{ acceptTrustedDevice: true, phishingResistant: true }, 'is not phishing-resistant'],
  ])('%j is refused', (given, message) => {
    expect(() => readRequirement(given)).toThrow(new RegExp(message.replaceAll('`', '\\`')));
  });

  it('is copied, so that it can’t be changed later', () => {
    const allOf = ['totp', 'webauthn'] as const;
    const given = { allOf: [...allOf], once: true };
    const read = readRequirement(given);
    given.allOf.length = 0;
    expect(read).toEqual({ allOf, once: true });
  });

  it('adds up with others on the same target', () => {
    expect(
      mergeRequirements(
        [{ allOf: ['totp'] }, { allOf: ['webauthn'], userVerified: true }, { once: true, maxAge: 60 }],
        300,
      ),
    ).toMatchObject({ allOf: ['totp', 'webauthn'], userVerified: true, once: true, maxAge: 60 });
    expect(() =>
      assertSatisfiable(
        mergeRequirements([{ methods: ['totp', 'recovery_codes'] }, { attested: true }], 300),
      ),
    ).toThrow(TypeError);
  });
});
