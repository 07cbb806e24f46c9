/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import type { AuthenticationMethod, MfaType } from './methods.js';
import type { MfaRequirement, MfaPolicyDecision, PolicyFacts } from './policy.js';
import { asksForKeys, decide, fittingTypes, needsOf } from './policy.js';

const NOW = 1_800_000_000_000;
const GRACE = 300;

/** Each dimension of a decision, by its name in the table. */
const USERS = {
  'no factor': [],
  totp: ['totp', 'recovery_codes'],
  webauthn: ['webauthn', 'recovery_codes'],
  both: ['totp', 'webauthn', 'recovery_codes'],
} satisfies Record<string, MfaType[]>;

const PROOFS = {
  none: [],
  'pwd now': [['pwd', 0]],
  'totp now': [['totp', 0]],
  'totp 300 s ago': [['totp', 300]],
  'totp 301 s ago': [['totp', 301]],
  'totp in the future': [['totp', -60]],
  'webauthn now': [['webauthn', 0]],
  'recovery code now': [['recovery_code', 0]],
  'trusted device now': [['trusted_device', 0]],
  'trusted device 301 s ago': [['trusted_device', 301]],
  'identity provider now': [['external', 0]],
  'old webauthn, new totp': [
    ['webauthn', 4000],
    ['totp', 0],
  ],
} satisfies Record<string, [AuthenticationMethod, number][]>;

const REQUIREMENTS = {
  plain: {},
  'maxAge 60': { maxAge: 60 },
  'maxAge 3600': { maxAge: 3600 },
  'methods totp': { methods: ['totp'] },
  'phishing resistant': { phishingResistant: true },
  'allow unenrolled': { allowUnenrolled: true },
  'accept trusted': { acceptTrustedDevice: true },
} satisfies Record<string, MfaRequirement>;

const DEADLINES = { 'no grace': null, 'grace open': NOW + 1, 'grace over': NOW };

type Case = {
  user: keyof typeof USERS | 'nobody';
  proof: keyof typeof PROOFS;
  requirement: keyof typeof REQUIREMENTS;
  must: boolean;
  deadline: keyof typeof DEADLINES;
};

function factsOf({ user, proof, must, deadline }: Case): PolicyFacts {
  const types: MfaType[] = user === 'nobody' ? [] : USERS[user];
  return {
    hasUser: user !== 'nobody',
    mustEnroll: must,
    enrolled: types.length > 0,
    enrolledTypes: types,
    usableTypes: types,
    offeredTypes: ['totp', 'webauthn', 'recovery_codes'],
    records: (PROOFS[proof] as [AuthenticationMethod, number][]).map(([method, age]) => ({
      method,
      at: NOW - age * 1000,
    })),
    enrollmentDeadline: DEADLINES[deadline],
    now: NOW,
    defaultMaxAge: GRACE,
  };
}

const outcome = (decision: MfaPolicyDecision): string => (decision.allow ? 'pass' : decision.code);
const keysOf = <T extends object>(object: T): (keyof T)[] => Object.keys(object) as (keyof T)[];

const CASES: Case[] = (['nobody', ...keysOf(USERS)] as Case['user'][]).flatMap((user) =>
  keysOf(PROOFS).flatMap((proof) =>
    keysOf(REQUIREMENTS).flatMap((requirement) =>
      [false, true].flatMap((must) =>
        keysOf(DEADLINES).map((deadline) => ({ user, proof, requirement, must, deadline })),
      ),
    ),
  ),
);

/** The requirements that any new proof of a second factor meets. */
const ANY: (keyof typeof REQUIREMENTS)[] = ['plain', 'maxAge 60', 'maxAge 3600', 'allow unenrolled'];

/** The guard's rules in order, using only the names of the table. */
function expected({ user, proof, requirement, must, deadline }: Case): string {
  if (user === 'nobody') return 'unauthenticated';
  const fresh: Record<keyof typeof PROOFS, (keyof typeof REQUIREMENTS)[]> = {
    none: [],
    'pwd now': [],
    'totp now': [...ANY, 'methods totp', 'accept trusted'],
    'totp 300 s ago': ['plain', 'maxAge 3600', 'methods totp', 'allow unenrolled', 'accept trusted'],
    'totp 301 s ago': ['maxAge 3600'],
    'totp in the future': [],
    'webauthn now': [...ANY, 'phishing resistant', 'accept trusted'],
    'recovery code now': [...ANY, 'accept trusted'],
    'trusted device now': ['accept trusted'],
    'trusted device 301 s ago': [],
    'identity provider now': [...ANY, 'accept trusted'],
    'old webauthn, new totp': [...ANY, 'methods totp', 'accept trusted'],
  };
  if (fresh[proof].includes(requirement)) return 'pass';
  if (user !== 'no factor') {
    const lacks =
      (requirement === 'phishing resistant' && user === 'totp') ||
      (requirement === 'methods totp' && user === 'webauthn');
    return lacks ? 'mfa_enrollment_required' : 'mfa_required';
  }
  if (deadline === 'grace open') return 'pass';
  return requirement === 'allow unenrolled' && !must ? 'pass' : 'mfa_enrollment_required';
}

describe('decide', () => {
  it('follows the rules in every combination of user, proof, requirement, duty and grace', () => {
    const wrong = CASES.filter(
      (one) => outcome(decide(REQUIREMENTS[one.requirement], factsOf(one))) !== expected(one),
    );
    expect(wrong).toEqual([]);
    expect(CASES).toHaveLength(5 * 12 * 7 * 2 * 3);
  });

  const base: Case = { user: 'totp', proof: 'none', requirement: 'plain', must: false, deadline: 'no grace' };

  it('names the usable methods that fit, and the age that is asked for', () => {
    expect(decide({}, factsOf(base))).toStrictEqual({
      allow: false,
      code: 'mfa_required',
      methods: ['totp', 'recovery_codes'],
      maxAge: GRACE,
    });
    expect(
      decide({ methods: ['totp'], maxAge: 60 }, { ...factsOf(base), usableTypes: ['recovery_codes'] }),
    ).toEqual({
      allow: false,
      code: 'mfa_required',
      methods: [],
      maxAge: 60,
    });
  });

  it('names the level that was asked for by name', () => {
    expect(decide({ acr: 'gold' }, factsOf(base))).toMatchObject({ code: 'mfa_required', acr: 'gold' });
    expect(decide({ acr: 'gold' }, factsOf({ ...base, user: 'no factor' }))).toMatchObject({
      code: 'mfa_enrollment_required',
      acr: 'gold',
    });
  });

  it('names the methods that would do where the user has none of them', () => {
    const decision = decide({ phishingResistant: true }, factsOf(base));
    expect(decision).toEqual({
      allow: false,
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
      reason: 'other_factor_needed',
    });
    expect(decide({}, factsOf({ ...base, user: 'no factor' }))).toMatchObject({
      methods: ['totp', 'webauthn'],
    });
    expect(decide({}, { ...factsOf({ ...base, user: 'no factor' }), offeredTypes: ['totp'] })).toMatchObject({
      methods: ['totp'],
    });
  });

  it('asks for a proof where only the adapter knows of a factor', () => {
    expect(
      decide({ phishingResistant: true }, { ...factsOf({ ...base, user: 'no factor' }), enrolled: true }),
    ).toEqual({ allow: false, code: 'mfa_required', methods: [], maxAge: GRACE });
  });

  it('takes no trusted device and no identity provider where factors are named', () => {
    for (const proof of ['trusted device now', 'identity provider now'] as const) {
      const facts = factsOf({ ...base, proof });
      expect(outcome(decide({ methods: ['totp'], acceptTrustedDevice: true }, facts))).toBe('mfa_required');
      expect(decide({ phishingResistant: true, acceptTrustedDevice: true }, facts).allow).toBe(false);
    }
  });

  it('lets a phishing-resistant requirement narrow a list of methods', () => {
    const fresh = factsOf({ ...base, user: 'both', proof: 'totp now' });
    expect(outcome(decide({ methods: ['totp', 'webauthn'], phishingResistant: true }, fresh))).toBe(
      'mfa_required',
    );
  });
});

describe('what a requirement asks for', () => {
  it.each<[MfaRequirement, MfaType[]]>([
    [{}, ['totp', 'webauthn', 'recovery_codes']],
    [{ methods: ['recovery_codes', 'totp'] }, ['totp', 'recovery_codes']],
    [{ phishingResistant: true }, ['webauthn']],
    [{ userVerified: true }, ['webauthn']],
    [{ deviceBound: true }, ['webauthn']],
    [{ attested: true }, ['webauthn']],
  ])('%j is met by %j', (requirement, types) => {
    expect(fittingTypes(requirement)).toEqual(types);
  });

  it('is told besides types and age where there is more', () => {
    const all = {
      userVerified: true,
      deviceBound: true,
      attested: true,
      allOf: ['totp'],
      once: true,
    } as const;
    expect(needsOf({ ...all, maxAge: 60, methods: ['totp'] })).toStrictEqual(all);
    expect(needsOf({ maxAge: 60, userVerified: false, once: false })).toBeUndefined();
  });

  it('is known from keys alone where it is about what kind of key it is', () => {
    expect(asksForKeys({ deviceBound: true })).toBe(true);
    expect(asksForKeys({ attested: true })).toBe(true);
    expect(asksForKeys({ userVerified: true, deviceBound: false, attested: false })).toBe(false);
  });
});
