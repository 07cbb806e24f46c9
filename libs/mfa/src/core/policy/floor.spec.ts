/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { isFirstDelivered, isOfferedUnderFloor, meetsFloor, onlyRecovers, raise } from './floor.js';
import type { AuthenticationRecord } from './methods.js';

const FLOOR = { phishingResistant: true, userVerified: true };
const KEY: AuthenticationRecord = { method: 'webauthn', at: 0, userVerified: true };
const APP: AuthenticationRecord = { method: 'totp', at: 0 };
const CODE: AuthenticationRecord = { method: 'recovery_code', at: 0 };

describe('a floor', () => {
  it('comes on top of what a route asks for', () => {
    expect(raise({ maxAge: 60 }, FLOOR)).toEqual({ maxAge: 60, ...FLOOR });
    expect(raise({ maxAge: 60 }, null)).toEqual({ maxAge: 60 });
  });

  it.each([
    ['a key that verified its user', KEY, true, true],
    ['a key that did not', { ...KEY, userVerified: false }, false, true],
    ['an app', APP, false, true],
    ['a weak key', { ...KEY, weak: true as const }, false, false],
    ['a weak app', { ...APP, weak: true as const }, false, false],
  ])('counts %s as its profile says', (_, record, underFloor, without) => {
    expect(meetsFloor(record, FLOOR)).toBe(underFloor);
    expect(meetsFloor(record, null)).toBe(without);
  });

  it('has recovery codes recover, and nothing else', () => {
    expect(onlyRecovers(CODE, FLOOR)).toBe(true);
    expect(onlyRecovers(APP, FLOOR)).toBe(false);
    expect(onlyRecovers({ ...CODE, weak: true }, FLOOR)).toBe(false);
    expect(onlyRecovers({ ...APP, weak: true }, FLOOR)).toBe(false);
    expect(onlyRecovers(CODE, null)).toBe(false);
  });

  it.each<[string, readonly string[], boolean]>([
    ['a link in a mail', ['email'], true],
    ['a text message', ['sms'], true],
    ['both', ['sms', 'email'], true],
    ['a password', ['pwd'], false],
    ['a password, and a link besides', ['email', 'pwd'], false],
    ['nothing', [], false],
  ])('is told whether only messages recognized the user: %s', (_, firstFactors, isDelivered) => {
    const first = firstFactors.map((method) => ({ method, at: 0, isFirst: true }) as AuthenticationRecord);
    expect(isFirstDelivered(first)).toBe(isDelivered);
    // What was proven after that doesn't change how they were recognized.
    expect(isFirstDelivered([...first, KEY])).toBe(isDelivered);
  });

  it('offers keys, and what stands in for them', () => {
    const types = ['totp', 'webauthn', 'recovery_codes'] as const;
    expect(types.filter(isOfferedUnderFloor)).toEqual(['webauthn', 'recovery_codes']);
  });
});
