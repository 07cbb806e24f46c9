import { describe, expect, it } from '@jest/globals';

import { fromBase32, toBase32 } from './base32.js';

/** RFC 4648, section 10, without the padding. */
const VECTORS = [
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
] as const;

describe('base32', () => {
  it.each(VECTORS)('writes and reads %j as RFC 4648 does', (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded);
    expect(Buffer.from(fromBase32(encoded)).toString()).toBe(text);
  });

  it.each(['M', 'MZXW!', 'MZXW6YTBOI9'])('refuses %j', (text) => {
    expect(() => fromBase32(text)).toThrow(SyntaxError);
  });
});
