/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import type { AuthenticationMethod } from './methods.js';
import { isRecent, typesForChanges } from './recent.js';

const NOW = 1_800_000_000_000;
const GRACE = 300;
const ANY = ['totp', 'webauthn', 'recovery_codes'] as const;
const STRONG = ['webauthn', 'recovery_codes'] as const;

describe('typesForChanges', () => {
  it.each([
    ['an app', ['totp', 'recovery_codes'], 'strongest', ANY],
    ['a key', ['webauthn', 'recovery_codes'], 'strongest', STRONG],
    ['both', ['totp', 'webauthn'], 'strongest', STRONG],
    ['both, where any will do', ['totp', 'webauthn'], 'any', ANY],
    ['factors of the application alone', [], 'strongest', ANY],
  ] as const)('of a user with %s', (_, enrolled, need, types) => {
    expect(typesForChanges(enrolled, need)).toEqual(types);
  });
});

describe('isRecent', () => {
  const facts = { types: null, records: [], authenticatedAt: null, now: NOW, maxAge: GRACE };
  const record = (method: AuthenticationMethod, age = 0) => [{ method, at: NOW - age * 1000 }];

  it.each([
    ['a password, not enrolled', { records: record('pwd') }, true],
    ['an old password, not enrolled', { records: record('pwd', 301) }, false],
    ['a password, enrolled', { types: ANY, records: record('pwd') }, false],
    ['a TOTP, enrolled', { types: ANY, records: record('totp') }, true],
    [
      'a TOTP that was spent, enrolled',
      { types: ANY, records: [{ method: 'totp', at: NOW, spent: true }] },
      false,
    ],
    ['a TOTP, not enrolled', { records: record('totp') }, true],
    ['a recovery code, enrolled', { types: ANY, records: record('recovery_code') }, true],
    [
      'an old TOTP and a new password, enrolled',
      { types: ANY, records: [...record('totp', 301), ...record('pwd')] },
      false,
    ],
    ['a trusted device, enrolled', { types: ANY, records: record('trusted_device') }, false],
    ['a trusted device, not enrolled', { records: record('trusted_device') }, false],
    ['an identity provider, enrolled', { types: ANY, records: record('external') }, false],
    ['an identity provider, not enrolled', { records: record('external') }, true],
    ['a TOTP, enrolled with a key', { types: STRONG, records: record('totp') }, false],
    ['a key', { types: STRONG, records: record('webauthn') }, true],
    ['a recovery code, enrolled with a key', { types: STRONG, records: record('recovery_code') }, true],
    [
      'an old key and a new TOTP',
      { types: STRONG, records: [...record('webauthn', 301), ...record('totp')] },
      false,
    ],
    ['nothing', {}, false],
    ['the application says so, not enrolled', { authenticatedAt: NOW - 1000 }, true],
    ['the application said so too long ago', { authenticatedAt: NOW - 301_000 }, false],
    ['the application says so, enrolled', { types: ANY, authenticatedAt: NOW }, false],
    ['a password in the future', { records: record('pwd', -60) }, false],
  ] as const)('%s: %j is %p', (_, some, recent) => {
    expect(isRecent({ ...facts, ...some })).toBe(recent);
  });
});
