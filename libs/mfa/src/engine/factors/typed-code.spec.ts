import { describe, expect, it } from '@jest/globals';

import { CODE_INPUT_PATTERN, digitsPattern, normalizeCode } from './typed-code.js';

/** Inputs that real people have typed and pasted. */
const TYPED: [input: string, code: string][] = [
  ['123456', '123456'],
  ['123 456', '123456'],
  ['12345678', '12345678'],
  ['1234-5678', '12345678'],
  ['123-456', '123456'],
  ['12-34-56', '123456'],
  ['123456\n', '123456'],
  ['\r\n 123456\t', '123456'],
  ['123\u00a0456', '123456'],
  ['123\u202f456', '123456'],
  ['\u200b123456\u200b', '123456'],
  ['\ufeff123456', '123456'],
  ['\u202a123456\u202c', '123456'],
  ['123\u00ad456', '123456'],
  ['123–456', '123456'],
  ['123—456-', '123456'],
  ['123−456', '123456'],
  ['１２３４５６', '123456'],
  ['１２３　４５６', '123456'],
  ['１２３－４５６', '123456'],
  ['１２３ー４５６', '123456'],
  ['١٢٣٤٥٦', '123456'],
  ['۱۲۳۴۵۶', '123456'],
  ['१२३४५६', '123456'],
  ['১২৩৪৫৬', '123456'],
  ['𝟏𝟐𝟑𝟜𝟝𝟞', '123456'],
  ['1٢3४5６', '123456'],
  ['abcd efgh', 'ABCDEFGH'],
  ['ａｂｃｄ－ＥＦＧＨ', 'ABCDEFGH'],
  ['ABCD–EFGH–JKMN', 'ABCDEFGHJKMN'],
  ['0'.repeat(16), '0'.repeat(16)],
  ['ABCD-EFGH-JKMN-PQRS-TVWX-YZ01\n', 'ABCDEFGHJKMNPQRSTVWXYZ01'],
];

describe('a code that was typed', () => {
  it.each(TYPED)('%j is %s', (input, code) => {
    expect(CODE_INPUT_PATTERN.test(input)).toBe(true);
    expect(normalizeCode(input)).toBe(code);
  });

  it.each([
    '',
    ' ',
    '-------',
    '\u200b'.repeat(8),
    '12345',
    '1234５',
    'abcdef',
    'äöüäöüäö',
    'ⅠⅡⅢⅣⅤⅥⅦⅧ',
    '①②③④⑤⑥',
    '一二三四五六',
    '²³²³²³²³',
    '1234.5678',
    '123456\0',
    '\ud800'.repeat(8),
    '1'.repeat(65),
    '1'.repeat(1_000_000),
    '１'.repeat(41),
    `12345678${'-'.repeat(60)}`,
    '$ne',
  ])('%p is none', (input) => {
    expect(CODE_INPUT_PATTERN.test(input)).toBe(false);
  });

  it('has the digits of every script that has some', () => {
    const systems = Intl.supportedValuesOf('numberingSystem').flatMap((system) => {
      const format = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false });
      const digits = Array.from({ length: 10 }, (_, digit) => format.format(digit));
      return digits.every((digit) => /^\p{Nd}$/u.test(digit)) ? [digits.join('')] : [];
    });
    expect(systems.length).toBeGreaterThan(50);
    for (const digits of systems) expect(normalizeCode(digits)).toBe('0123456789');
  });

  it('has as many digits as are asked for, of any script', () => {
    const four = digitsPattern(4, 5);
    expect(['1234', '12345', '１２３４', '12 34', '1-2-3-4'].filter((input) => !four.test(input))).toEqual(
      [],
    );
    expect(['123', '123456', 'abcd', '12a34', 'dddd'].filter((input) => four.test(input))).toEqual([]);
  });

  it('is verified in no time, however it is made', () => {
    const begin = performance.now();
    for (const part of ['1', '1-', '- ', 'a', '１', '\u200b', '1\n', '𝟏']) {
      for (const end of ['', '!']) {
        CODE_INPUT_PATTERN.test(`${part.repeat(100_000)}${end}`);
        CODE_INPUT_PATTERN.test(`${part.repeat(31)}${end}`);
        digitsPattern(6, 8).test(`${part.repeat(31)}${end}`);
      }
    }
    expect(performance.now() - begin).toBeLessThan(500);
  });
});
