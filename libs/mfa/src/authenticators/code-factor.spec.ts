import { describe, expect, it } from '@jest/globals';

import { CODE_INPUT_PATTERN, normalizeCode } from './code-factor.js';

describe('CODE_INPUT_PATTERN', () => {
  it.each([
    '123456',
    '123 456',
    '12345678',
    '1234-5678',
    'abcd efgh',
    '0'.repeat(16),
    'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01',
  ])('takes %j', (input) => {
    expect(CODE_INPUT_PATTERN.test(input)).toBe(true);
  });

  it.each([
    '',
    ' ',
    '12345',
    '12-34-56',
    'abcdef',
    '１２３４５６',
    '123456\0',
    '123456\n',
    '\ud800'.repeat(8),
    '1'.repeat(65),
    '1'.repeat(1_000_000),
    `12345678${'-'.repeat(60)}`,
    '$ne',
  ])('refuses %p', (input) => {
    expect(CODE_INPUT_PATTERN.test(input)).toBe(false);
  });
});

describe('normalizeCode', () => {
  it('takes out what is only there for the eye', () => {
    expect(normalizeCode(' abcd-ef gh ')).toBe('ABCDEFGH');
  });
});
