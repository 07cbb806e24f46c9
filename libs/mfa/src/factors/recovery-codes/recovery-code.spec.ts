import { describe, expect, it } from '@jest/globals';

import {
  canonicalRecoveryCode,
  generateRecoveryCode,
  generateRecoveryCodes,
  isWeakRecoveryCode,
  looksLikeRecoveryCode,
} from './recovery-code.js';

describe('generateRecoveryCode', () => {
  it('makes digits', () => {
    expect(generateRecoveryCode({ alphabet: 'digits', length: 8 })).toMatch(/^\d{8}$/);
    expect(generateRecoveryCode({ alphabet: 'digits', length: 16 })).toMatch(/^\d{16}$/);
  });

  it('makes groups of an alphabet without look-alikes, of at least 112 bits', () => {
    const code = generateRecoveryCode({ alphabet: 'base32', length: 24 });
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(code.replaceAll('-', '').length * 5).toBeGreaterThanOrEqual(112);
  });

  it('uses every character of the alphabet', () => {
    const codes = generateRecoveryCodes(50, { alphabet: 'base32', length: 24 }).join('').replaceAll('-', '');
    expect(new Set(codes).size).toBe(32);
  });

  it('makes no code twice', () => {
    const codes = generateRecoveryCodes(50, { alphabet: 'digits', length: 8 });
    expect(new Set(codes).size).toBe(50);
  });
});

describe('canonicalRecoveryCode', () => {
  it.each([
    ['1234 5678', '12345678'],
    ['1234-5678', '12345678'],
    ['abcd-efgh', 'ABCDEFGH'],
    ['OIl0-1111', '01101111'],
  ])('reads %j as %j', (input, canonical) => {
    expect(canonicalRecoveryCode(input)).toBe(canonical);
  });
});

describe('looksLikeRecoveryCode', () => {
  it.each(['1234567', '１２３４５６７８', 'A'.repeat(41), '', '12345678-', '-12345678', 'abcdefgh'])(
    'is not %j',
    (code) => {
      expect(looksLikeRecoveryCode(code)).toBe(false);
    },
  );

  it('has 8 to 40 characters', () => {
    expect(looksLikeRecoveryCode('12345678')).toBe(true);
    expect(looksLikeRecoveryCode('Z'.repeat(40))).toBe(true);
  });
});

describe('isWeakRecoveryCode', () => {
  it.each<[string, string, boolean]>([
    ['34 digits', '1'.repeat(34), false],
    ['33 digits', '1'.repeat(33), true],
    ['23 characters', 'Z'.repeat(23), false],
    ['22 characters', 'Z'.repeat(22), true],
    ['22 characters and dashes', `${'Z'.repeat(11)}--${'Z'.repeat(11)}`, true],
    ['digits but for the first', `Z${'1'.repeat(22)}`, false],
    ['digits but for the last', `${'1'.repeat(22)}Z`, false],
    ['letters that are read as digits', 'O'.repeat(23), true],
  ])('judges %s', (_, code, isWeak) => {
    expect(isWeakRecoveryCode(code)).toBe(isWeak);
  });
});
