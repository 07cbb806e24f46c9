import { describe, expect, it } from '@jest/globals';

import {
  MFA_ACR_LEVELS,
  asksForAll,
  isLevelAtLeast,
  levelFor,
  levelOf,
  readAcrLevels,
  withLevel,
} from './acr.js';
import type { MfaRequirement } from './policy.js';
import { readRequirement } from './requirements.js';

const LEVELS = readAcrLevels({
  silver: {},
  ...MFA_ACR_LEVELS,
  gold: { ...MFA_ACR_LEVELS.phrh, userVerified: true, maxAge: 600 },
}).levels;

describe('the table of levels', () => {
  it('is phr and phrh where nothing is given', () => {
    expect(readAcrLevels(undefined)).toEqual({ levels: MFA_ACR_LEVELS, problems: [] });
    expect(Object.keys(LEVELS)).toEqual(['silver', 'phr', 'phrh', 'gold']);
  });

  it('has a key for phr, and one in hardware whose maker vouches for it for phrh', () => {
    expect(MFA_ACR_LEVELS).toEqual({
      phr: { phishingResistant: true },
      phrh: { phishingResistant: true, deviceBound: true, attested: true },
    });
  });

  it.each([
    ['with a digit in its name', { loa2: {}, '2fa': { userVerified: true } }],
    ['of several proofs', { both: { allOf: ['totp', 'webauthn'] } }],
  ])('takes levels %s', (_, given) => {
    expect(readAcrLevels(given)).toEqual({ levels: given, problems: [] });
  });

  it.each<[string, unknown, string]>([
    ['a list', ['gold'], 'must be an object of levels'],
    ['a word', 'gold', 'must be an object of levels'],
    ['null', null, 'must be an object of levels'],
    ['no level', {}, 'must have at least one level'],
    ['a name with a space', { 'a b': {} }, 'printable ASCII'],
    ['a name with a quote', { 'a"b': {} }, 'printable ASCII'],
    ['a name that would be sorted', { silver: {}, 2: { userVerified: true } }, 'digits alone'],
    ['a name of several digits', { 10: {} }, 'digits alone'],
    ['what is misspelt', { gold: { userVerifed: true } }, 'has no option `userVerifed`'],
    ['what no factor could reach', { gold: { methods: ['totp'], userVerified: true } }, 'no factor can meet'],
    ['what is for routes', { gold: { once: true } }, '`once` is for routes'],
    ['a level of a level', { gold: { acr: 'phr' } }, '`acr` is for routes'],
    ['trust in a browser', { gold: { acceptTrustedDevice: true } }, 'is for routes'],
    ['the weaker one last', { gold: { phishingResistant: true }, silver: {} }, '`silver` comes after `gold`'],
    [
      'two of which none is stronger',
      { app: { methods: ['totp'] }, key: { methods: ['webauthn'] } },
      '`key` comes after `app`',
    ],
    ['a phr that is none', { phr: {} }, 'the name has a standard meaning'],
    ['a phrh that is none', { phrh: { phishingResistant: true } }, 'the name has a standard meaning'],
  ])('refuses %s', (_, given, problem) => {
    expect(readAcrLevels(given).problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[MfaRequirement, MfaRequirement, boolean]>([
    [{}, {}, true],
    [{ userVerified: true }, {}, true],
    [{}, { userVerified: true }, false],
    [{ userVerified: true }, { phishingResistant: true }, true],
    [{ phishingResistant: true }, { userVerified: true }, false],
    [{ methods: ['totp'] }, { methods: ['totp', 'webauthn'] }, true],
    [{ methods: ['totp', 'webauthn'] }, { methods: ['totp'] }, false],
    [{ allOf: ['totp', 'webauthn'] }, { phishingResistant: true }, true],
    [{ allOf: ['totp', 'webauthn'] }, { userVerified: true }, false],
    [{ allOf: ['totp', 'webauthn'], userVerified: true }, { userVerified: true }, true],
    [{ allOf: ['totp', 'webauthn'] }, { allOf: ['totp'] }, true],
    [{ allOf: ['totp'] }, { allOf: ['totp', 'webauthn'] }, false],
    [{ methods: ['webauthn'] }, { allOf: ['webauthn'] }, true],
    [{ methods: ['totp'] }, { allOf: ['webauthn'] }, false],
    [{ methods: ['totp', 'webauthn'] }, { allOf: ['totp'] }, false],
  ])('knows whether %j asks for all of %j', (one, other, does) => {
    expect(asksForAll(readRequirement(one), readRequirement(other))).toBe(does);
  });
});

describe('a level', () => {
  const key = { method: 'webauthn', at: 0, userVerified: true } as const;

  it.each([
    [{ method: 'pwd', at: 0 }, undefined],
    [{ method: 'trusted_device', at: 0 }, undefined],
    [{ method: 'totp', at: 0 }, 'silver'],
    [{ method: 'external', at: 0 }, 'silver'],
    [{ method: 'totp', at: 0, weak: true }, undefined],
    [key, 'phr'],
    [{ ...key, backupEligible: false, attested: true, userVerified: false }, 'phrh'],
    [{ ...key, backupEligible: false, attested: true }, 'gold'],
  ] as const)('is the strongest that a proof reaches: %j', (record, level) => {
    expect(levelOf(record, LEVELS)).toBe(level);
  });

  it('of several proofs is reached by none of them alone', () => {
    expect(levelOf(key, { both: { allOf: ['totp', 'webauthn'] } })).toBeUndefined();
  });

  it.each<[MfaRequirement, string | undefined]>([
    [{}, 'silver'],
    [{ phishingResistant: true }, 'phr'],
    [{ methods: ['webauthn'], deviceBound: true }, 'phrh'],
    [{ userVerified: true }, 'gold'],
    [{ methods: ['totp'] }, undefined],
    [{ allOf: ['totp', 'webauthn'] }, undefined],
  ])('for %j is the weakest that would do', (requirement, level) => {
    expect(levelFor(requirement, LEVELS)).toBe(level);
  });

  it('of a key is asked for where none says more, and not where a code would do', () => {
    expect(levelFor({}, MFA_ACR_LEVELS)).toBeUndefined();
    expect(levelFor({ userVerified: true }, MFA_ACR_LEVELS)).toBe('phr');
    expect(levelFor({ phishingResistant: true }, { app: { methods: ['totp'] } })).toBeUndefined();
  });

  it('vouches for those before it, and for no other', () => {
    expect(isLevelAtLeast('gold', 'silver', LEVELS)).toBe(true);
    expect(isLevelAtLeast('silver', 'silver', LEVELS)).toBe(true);
    expect(isLevelAtLeast('silver', 'gold', LEVELS)).toBe(false);
    for (const stated of ['platinum', undefined, ['gold'], '__proto__']) {
      expect(isLevelAtLeast(stated, 'silver', LEVELS)).toBe(false);
    }
    expect(isLevelAtLeast('platinum', 'platinum', LEVELS)).toBe(false);
  });

  it('adds to what a route asks for besides', () => {
    expect(withLevel({ acr: 'gold', maxAge: 60, once: true, allowUnenrolled: true }, LEVELS)).toMatchObject({
      acr: 'gold',
      maxAge: 60,
      once: true,
      userVerified: true,
      allowUnenrolled: true,
    });
    expect(withLevel({ acr: 'gold', maxAge: 3600 }, LEVELS).maxAge).toBe(600);
    expect(withLevel({ acr: 'phr', maxAge: 3600 }, LEVELS).maxAge).toBe(3600);
    expect(withLevel({ acr: 'phr' }, LEVELS)).not.toHaveProperty('maxAge');
    for (const no of [undefined, false]) {
      const lenient = no === undefined ? {} : { allowUnenrolled: no, acceptTrustedDevice: no };
      expect(withLevel({ acr: 'phr', ...lenient }, LEVELS)).toMatchObject({
        allowUnenrolled: false,
        acceptTrustedDevice: false,
      });
    }
    expect(() => withLevel({ acr: 'constructor' }, LEVELS)).toThrow(
      'there is no level `constructor`: use one of silver, phr, phrh, gold, or',
    );
  });
});
