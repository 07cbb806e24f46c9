import { describe, expect, it } from '@jest/globals';

import { createToken, hashToken } from '../../core/crypto/tokens.js';
import { hasFormerToken, isUsedUp, replaceToken } from './former-tokens.js';

type Tokens = ReturnType<typeof replaceToken>;

const newHash = () => hashToken(createToken());

/** The columns of a browser that has held these tokens, oldest first, and the hashes themselves. */
function afterTokens(count: number): { tokens: Tokens; hashes: string[] } {
  const hashes = Array.from({ length: count }, newHash);
  const [first = '', ...later] = hashes;
  const unused: Tokens = { tokenHash: first, formerTokenHash: null, olderTokens: null };
  return { tokens: later.reduce(replaceToken, unused), hashes };
}

describe('the tokens of a trusted browser', () => {
  it('keep the one before in full, and older ones in short, newest first', () => {
    const { tokens: once, hashes: two } = afterTokens(2);
    expect(once).toEqual({ tokenHash: two[1], formerTokenHash: two[0], olderTokens: null });

    const { tokens: twice, hashes: three } = afterTokens(3);
    expect(twice.olderTokens).toBe(three[0]?.slice(0, 16));

    const { tokens: thrice, hashes: four } = afterTokens(4);
    expect(thrice).toEqual({
      tokenHash: four[3],
      formerTokenHash: four[2],
      olderTokens: `${four[1]?.slice(0, 16)}.${four[0]?.slice(0, 16)}`,
    });
  });

  it('are recognised as former ones, all but the present one and those of others', () => {
    const { tokens, hashes } = afterTokens(4);
    const isFormer = (...presented: string[]) => hasFormerToken(tokens, presented);
    expect(hashes.map((hash) => isFormer(hash))).toEqual([true, true, true, false]);
    expect(isFormer(newHash())).toBe(false);
    expect(isFormer()).toBe(false);
    expect(isFormer(newHash(), hashes[0] ?? '')).toBe(true);
  });

  it('have no former one until the first use', () => {
    const { tokens, hashes } = afterTokens(1);
    expect(hasFormerToken(tokens, hashes)).toBe(false);
    expect(hasFormerToken(tokens, [''])).toBe(false);
  });

  it('are used up after a hundred older ones, so that none is forgotten and the row stays small', () => {
    expect([1, 2, 3, 101].map((count) => isUsedUp(afterTokens(count).tokens))).toEqual(Array(4).fill(false));
    // The present one, the former one, and a hundred older ones.
    const { tokens, hashes } = afterTokens(102);
    expect(isUsedUp(tokens)).toBe(true);
    expect(hasFormerToken(tokens, hashes.slice(0, 1))).toBe(true);
  });
});
