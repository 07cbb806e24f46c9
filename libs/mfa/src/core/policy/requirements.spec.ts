import { describe, expect, it } from '@jest/globals';

import type { MfaRequirement } from './policy.js';
import { isAcrName, mergeRequirements, readRequirement, unknownTypes } from './requirements.js';

const FLAGS = ['phishingResistant', 'userVerified', 'deviceBound', 'attested', 'once'] as const;

describe('reading a requirement', () => {
  it.each([null, undefined, 'totp', 5, ['totp']])('refuses %j', (given) => {
    expect(() => readRequirement(given)).toThrow('@RequireMfa() takes an object');
  });

  it.each([
    ['maxAge', 0, 'a whole number of seconds above 0'],
    ['maxAge', -1, 'a whole number of seconds above 0'],
    ['maxAge', 1.5, 'a whole number of seconds above 0'],
    ['maxAge', '60', 'a whole number of seconds above 0'],
    ['methods', [], 'types of factors, such as totp, webauthn, recovery_codes'],
    ['methods', 'totp', 'types of factors, such as totp'],
    ['methods', ['TOTP'], 'types of factors, such as totp'],
    ['allOf', ['totp', 5], 'different types of factors, such as totp, webauthn'],
    ['acr', '', 'the name of a level of the option `acr`'],
    ['acr', 'a b', 'the name of a level of the option `acr`'],
    ...[...FLAGS, 'allowUnenrolled', 'acceptTrustedDevice'].map((part): [string, unknown, string] => [
      part,
      'yes',
      'a boolean',
    ]),
  ])('refuses %s: %j', (part, value, what) => {
    expect(() => readRequirement({ [part]: value })).toThrow(`@RequireMfa({ ${part} }) takes ${what}`);
  });

  it.each<MfaRequirement>([
    { maxAge: 1 },
    { methods: ['totp'] },
    { acr: 'phr', allowUnenrolled: true },
    { acceptTrustedDevice: true, maxAge: 60 },
    { acceptTrustedDevice: false, once: true },
    { methods: ['push' as 'totp'] },
  ])('takes %j', (given) => {
    const read = readRequirement(given);
    expect(read).toStrictEqual(given);
    expect(Object.isFrozen(read)).toBe(true);
  });

  it('takes no part that was left undefined, and finds a misspelt one that is inherited', () => {
    expect(readRequirement({ maxAge: undefined, once: true })).toStrictEqual({ once: true });
    expect(() => readRequirement(Object.create({ onse: true }))).toThrow('has no option `onse`');
    expect(() => readRequirement({ toString: true })).toThrow('has no option `toString`');
  });

  it.each<[keyof MfaRequirement, unknown]>([
    ['phishingResistant', true],
    ['userVerified', true],
    ['deviceBound', true],
    ['attested', true],
    ['allOf', ['totp']],
    ['once', true],
    ['acr', 'phr'],
  ])('refuses %s beside trust in a browser', (part, value) => {
    expect(() => readRequirement({ [part]: value, acceptTrustedDevice: true })).toThrow(
      `so \`${part}\` and \`acceptTrustedDevice\` contradict each other`,
    );
  });
});

describe('merging requirements', () => {
  it('leaves one alone as it is, and none asks for nothing', () => {
    const one = { userVerified: true };
    expect(mergeRequirements([one], 300)).toBe(one);
    expect(mergeRequirements([], 300)).toEqual({});
  });

  it('asks for nothing that none of them asks for', () => {
    const merged = mergeRequirements([{}, { maxAge: 600 }], 300);
    const off = [...FLAGS, 'allowUnenrolled', 'acceptTrustedDevice'].map((part) => [part, false]);
    expect(merged).toEqual({ maxAge: 300, ...Object.fromEntries(off) });
    for (const part of ['methods', 'allOf', 'acr']) expect(merged).not.toHaveProperty(part);
  });

  it('keeps what each of them asks for', () => {
    for (const part of FLAGS) {
      expect(mergeRequirements([{}, { [part]: true }], 300)).toMatchObject({ [part]: true });
    }
    expect(mergeRequirements([{ allOf: ['totp'] }, { allOf: ['totp', 'webauthn'] }], 300).allOf).toEqual([
      'totp',
      'webauthn',
    ]);
  });

  it('takes the methods that all of them take', () => {
    const methods = ['totp', 'webauthn'] as const;
    expect(mergeRequirements([{ methods }, { methods: ['webauthn'] }, {}], 300).methods).toEqual([
      'webauthn',
    ]);
    expect(mergeRequirements([{ methods: ['webauthn'] }, { methods }], 300).methods).toEqual(['webauthn']);
    expect(mergeRequirements([{ methods }, { methods }], 300).methods).toEqual(methods);
  });

  it('asks for a proof of each where no single one meets them all', () => {
    const merged = mergeRequirements(
      [{ methods: ['totp'], maxAge: 60, acceptTrustedDevice: true }, { methods: ['webauthn'] }],
      300,
    );
    expect(merged).toMatchObject({ allOf: ['totp', 'webauthn'], maxAge: 60, acceptTrustedDevice: false });
    expect(merged).not.toHaveProperty('methods');
    expect(mergeRequirements([{ methods: ['totp'] }, { attested: true, once: true }], 300)).toMatchObject({
      allOf: ['totp'],
      attested: true,
      once: true,
    });
    expect(mergeRequirements([{ allOf: ['totp'] }, { methods: ['webauthn'] }], 300)).toMatchObject({
      allOf: ['totp'],
      methods: ['webauthn'],
    });
    const eitherOrKey = [
      { methods: ['totp', 'recovery_codes'] as const },
      { methods: ['webauthn'] as const },
    ];
    expect(mergeRequirements(eitherOrKey, 300)).toMatchObject({
      allOf: ['webauthn'],
      methods: ['totp', 'recovery_codes'],
    });
    expect(
      mergeRequirements([{ methods: ['totp', 'recovery_codes'] }, { deviceBound: true }], 300),
    ).toMatchObject({
      methods: ['totp', 'recovery_codes'],
      deviceBound: true,
    });
  });

  it('spares users without a factor, and trusts a browser, where all of them do', () => {
    const lenient = { allowUnenrolled: true, acceptTrustedDevice: true };
    expect(mergeRequirements([lenient, lenient], 300)).toMatchObject(lenient);
    expect(mergeRequirements([lenient, {}], 300)).toMatchObject({
      allowUnenrolled: false,
      acceptTrustedDevice: false,
    });
  });

  it('names the one level that they name, and refuses two', () => {
    expect(mergeRequirements([{ acr: 'phr' }, {}, { acr: 'phr' }], 300).acr).toBe('phr');
    expect(() => mergeRequirements([{ acr: 'phr' }, { acr: 'phrh' }], 300)).toThrow(
      'give only one level in `acr`',
    );
  });
});

describe('names', () => {
  it.each([
    ['phr', true],
    ['urn:example:silver', true],
    ['!', true],
    ['~', true],
    ['a'.repeat(100), true],
    ['a'.repeat(101), false],
    ['', false],
    ['a b', false],
    ['a"b', false],
    ['a\\b', false],
    ['ä', false],
    [5, false],
  ])('%j may be that of a level: %p', (name, may) => {
    expect(isAcrName(name)).toBe(may);
  });

  it('of types that nobody has registered are told', () => {
    expect(unknownTypes({ methods: ['totp', 'push' as 'totp'], allOf: ['palm' as 'totp'] })).toEqual([
      'push',
      'palm',
    ]);
    expect(unknownTypes({})).toEqual([]);
  });
});
