import { describe, expect, it } from '@jest/globals';

import { FirstFactors } from './first-factor.js';

const NOW = 1_800_000_000_000;
const MAX_AGE_SECONDS = 3600;

/** With an application whose `trustExternalMfa` returns this. */
const firstFactors = (said: unknown = false) =>
  new FirstFactors(
    { trustExternalMfa: () => said } as never,
    { externalMfaMaxAgeSeconds: MAX_AGE_SECONDS } as never,
    { now: () => NOW },
  );

const record = (firstFactor?: unknown) =>
  firstFactors().record({
    request: {},
    response: {},
    ...(firstFactor === undefined ? {} : { firstFactor }),
  } as never);

describe('the record of a first factor', () => {
  it('is of a password where nothing is said', () => {
    expect(record()).toEqual({ method: 'pwd', at: NOW });
  });

  it.each(['email', 'x', 'corp.sso:v2_1-a', 'x'.repeat(40)])(
    'has the word of the application: %s',
    (word) => {
      expect(record(word)).toEqual({ method: word, at: NOW, isFirst: true });
    },
  );

  it.each(['', 'a b', ' email', 'email\n', 'x'.repeat(41), 12, null, ['email'], { toString: () => 'email' }])(
    'is refused for what is no word: %j',
    (word) => {
      expect(() => record(word)).toThrow('must be a word of 1 to 40');
    },
  );

  it.each(['external', 'trusted_device', 'mfa', 'mca'])(
    'is refused for %s, which is more than one',
    (word) => {
      expect(() => record(word)).toThrow('is not a first factor');
    },
  );
});

describe('the word of an identity provider', () => {
  const external = (said: unknown) => firstFactors(said).external({ id: '1' }, {});

  it('counts from now on where it gives no moment', async () => {
    expect(await external(true)).toEqual([{ method: 'external', at: NOW }]);
    expect(await external(Promise.resolve(true))).toEqual([{ method: 'external', at: NOW }]);
  });

  it.each([
    ['this very moment', NOW],
    ['a while ago', NOW - 60_000],
    ['as long ago as is allowed', NOW - 1000 * MAX_AGE_SECONDS],
  ])('counts from the moment that it gives: %s', async (_, at) => {
    expect(await external(new Date(at))).toEqual([{ method: 'external', at }]);
  });

  it.each([
    ['a moment to come', new Date(NOW + 1)],
    ['one too long ago', new Date(NOW - 1000 * MAX_AGE_SECONDS - 1)],
    ['no moment', new Date(NaN)],
    ['no', false],
    ['nothing', undefined],
    ['what is nearly a yes', 'true'],
    ['a number', NOW],
  ])('is no evidence when it says %s', async (_, said) => {
    expect(await external(said)).toEqual([]);
  });
});
