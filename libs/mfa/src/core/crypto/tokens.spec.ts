import { describe, expect, it } from '@jest/globals';

import { createToken, firstIdAt, sortableId } from './tokens.js';

const NOW = 1_800_000_000_000;

describe('tokens', () => {
  it('have 256 bits, each of which is as often set as not', () => {
    const tokens = Array.from({ length: 2000 }, () => Buffer.from(createToken(), 'base64url'));
    expect(new Set(tokens.map(({ length }) => length))).toEqual(new Set([32]));
    for (let bit = 0; bit < 256; bit++) {
      const set = tokens.filter((token) => ((token[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
      // Six standard deviations of 2,000 coin tosses on either side: a random failure once in two million runs.
      expect(Math.abs(set - 1000)).toBeLessThan(135);
    }
  });
});

describe('sortable ids', () => {
  it('are UUIDs of version 7 that hold their time', () => {
    const id = sortableId(NOW);
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(NOW);
  });

  it('sort by time, and within one millisecond as they were made', () => {
    const ids = [NOW + 1, NOW + 2, NOW + 1_000_000].flatMap((now) =>
      Array.from({ length: 4096 }, () => sortableId(now)),
    );
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('sort as they were made, however many a millisecond sees, and the next one after it', () => {
    const ids = [NOW + 3, NOW + 4].flatMap((now) => Array.from({ length: 10_000 }, () => sortableId(now)));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    const start = (at: number) => firstIdAt(at).slice(0, 13);
    expect(new Set(ids.slice(0, 10_000).map((id) => id.slice(0, 13)))).toEqual(new Set([start(NOW + 3)]));
    expect(new Set(ids.slice(10_000).map((id) => id.slice(0, 13)))).toEqual(new Set([start(NOW + 4)]));
  });

  it('are different when the clock stands or jumps back', () => {
    const ids = [
      ...Array.from({ length: 20_000 }, () => sortableId(NOW + 5)),
      ...Array.from({ length: 5_000 }, (_, i) => sortableId(NOW - (i % 2))),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('can’t be guessed', () => {
    const tails = Array.from({ length: 1000 }, () => sortableId(NOW + 9).slice(24));
    expect(new Set(tails).size).toBe(1000);
    // The counter has a random start, so the first id of a millisecond doesn't reveal that it is the first.
    const starts = Array.from({ length: 1000 }, (_, i) => sortableId(NOW + 10 + i).slice(14, 23));
    expect(new Set(starts).size).toBeGreaterThan(990);
  });

  it.each([1, NOW, 2 ** 48 - 1])('have a first one at %d, which is no greater than any', (now) => {
    const first = firstIdAt(now);
    expect(first).toHaveLength(36);
    for (let i = 0; i < 100; i++) expect(sortableId(now) >= first).toBe(true);
    expect(sortableId(now - 1) < first).toBe(true);
  });

  it('have a first one before 1970 that is no greater than any', () => {
    const first = firstIdAt(NOW - 36_500 * 86_400_000);
    expect(first).toMatch(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);
    expect(first.replaceAll('-', '') <= sortableId(0).replaceAll('-', '')).toBe(true);
  });
});
