import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MfaEnvelopeError } from 'nestjs-mfa';

import { expectAlways } from '../support/fuzz.js';
import type { Damage } from '../support/hostile-input.js';
import { damage, damagedText, trickyText } from '../support/hostile-input.js';
import type { ChallengeBinding, ChallengeContent } from '../support/parsers.js';
import {
  KeyRing,
  createChallenge,
  createToken,
  firstIdAt,
  hasSeal,
  hashToken,
  isEnvelope,
  isToken,
  keyedHash,
  lengthPrefixed,
  open,
  openChallenge,
  seal,
  sealRow,
  sortableId,
} from '../support/parsers.js';

const ring = new KeyRing([
  'a secret for the tests, of 32 bytes or more',
  'the former one, of 32 bytes or more, too',
]);
const formerRing = new KeyRing(['the former one, of 32 bytes or more, too']);
const strangeRing = new KeyRing(['the secret of somebody else, of 32 bytes or more']);

/** Text that can be stored and comes back: no half of a surrogate pair. */
const text = fc.string({ unit: 'grapheme-composite', maxLength: 30 });
const context = fc.record({ purpose: text, userId: text, recordId: text });

/** What the envelope holds, or that it does not open: with the error that is promised, and no other. */
function contentOf(keys: KeyRing, envelope: string, owner?: Parameters<typeof open>[2]): string | null {
  try {
    return open(keys, envelope, owner);
  } catch (error) {
    expect(error).toBeInstanceOf(MfaEnvelopeError);
    return null;
  }
}

describe('an envelope', () => {
  it('opens with what was put in, under the current secret and a former one', () =>
    expectAlways(200, [text, context], (content, owner) => {
      const sealed = seal(ring, content, owner);
      expect([isEnvelope(sealed), open(ring, sealed, owner)]).toEqual([true, content]);
      expect(open(ring, seal(formerRing, content, owner), owner)).toBe(content);
      expect(contentOf(strangeRing, sealed, owner)).toBeNull();
    }));

  it('opens for nobody else', () =>
    expectAlways(200, [text, context, context], (content, owner, other) => {
      fc.pre(JSON.stringify(owner) !== JSON.stringify(other));
      expect(contentOf(ring, seal(ring, content, owner), other)).toBeNull();
    }));

  it('that was damaged opens with nothing else', () =>
    expectAlways(600, [text, context, damage], (content, owner, one) => {
      const sealed = seal(ring, content, owner);
      const other = damagedText(sealed, one);
      // Bits that base64 has left over make another spelling of the same envelope.
      expect([null, content]).toContain(contentOf(ring, other, owner));
      if (spelled(other) !== spelled(sealed)) expect(contentOf(ring, other, owner)).toBeNull();
    }));

  it('is nothing that was made up', () =>
    expectAlways(
      300,
      [
        fc.oneof(
          trickyText,
          fc.array(trickyText, { maxLength: 7 }).map((parts) => ['v1', ...parts].join('.')),
        ),
      ],
      (made) => {
        expect(contentOf(ring, made)).toBeNull();
      },
    ));

  const spelled = (envelope: string) =>
    envelope
      .split('.')
      .map((part, index) => (index < 2 ? part : Buffer.from(part, 'base64url').toString('hex')))
      .join('.');
});

describe('a seal', () => {
  const fields = fc.array(fc.oneof(trickyText, fc.integer(), fc.boolean(), fc.constant(null)), {
    maxLength: 6,
  });

  /** What could stand before a field when it is joined to another. */
  const between = fc.nat({ max: 40 }).map((length) => `\0\0\0${String.fromCharCode(length)}`);

  it('is good for its row, and for no other', () =>
    expectAlways(300, [text, fields, text, fields], (table, row, otherTable, otherRow) => {
      const made = sealRow(ring, table, row);
      expect([hasSeal(ring, table, row, made), hasSeal(strangeRing, table, row, made)]).toEqual([
        true,
        false,
      ]);
      fc.pre(JSON.stringify([table, row]) !== JSON.stringify([otherTable, otherRow]));
      expect(hasSeal(ring, otherTable, otherRow, made)).toBe(false);
    }));

  it('that was damaged is none', () =>
    expectAlways(300, [text, fields, damage], (table, row, one) => {
      const made = sealRow(ring, table, row);
      const other = damagedText(made, one);
      expect(hasSeal(ring, table, row, other)).toBe(other === made);
    }));

  it('covers fields that are joined in one way only', () =>
    expectAlways(600, [fc.array(text), fc.array(text)], (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      expect(lengthPrefixed(...one).equals(lengthPrefixed(...other))).toBe(isSame);
      const { key } = ring.current('code');
      expect(keyedHash(key, ...one) === keyedHash(key, ...other)).toBe(isSame);
    }));

  it('covers fields that look as if they were joined already', () =>
    expectAlways(300, [fc.array(text, { minLength: 2, maxLength: 4 }), between], (fields, joint) => {
      expect(lengthPrefixed(...fields).equals(lengthPrefixed(fields.join(joint)))).toBe(false);
    }));

  it('covers fields wherever they are cut', () =>
    expectAlways(300, [text, fc.nat({ max: 30 }), fc.nat({ max: 30 })], (whole, here, there) => {
      const cut = (at: number) =>
        [whole.slice(0, at), whole.slice(at)].map((part) => part.replace(/\p{Surrogate}/gu, '\ufffd'));
      fc.pre(JSON.stringify(cut(here)) !== JSON.stringify(cut(there)));
      expect(lengthPrefixed(...cut(here)).equals(lengthPrefixed(...cut(there)))).toBe(false);
    }));
});

describe('a challenge', () => {
  const NOW = 1_800_000_000_000;
  const binding: fc.Arbitrary<ChallengeBinding> = fc.record({
    ceremony: fc.constantFrom('register', 'authenticate', 'passkey', 'sign_up'),
    userId: text,
    sessionId: text,
    rpId: text,
  });
  const content: fc.Arbitrary<ChallengeContent> = fc.record({
    expiresAt: fc.integer({ min: NOW + 1, max: 2 ** 48 - 1 }),
    requireUserVerification: fc.boolean(),
    role: fc.constantFrom('second_factor', 'both', 'passwordless'),
    automatic: fc.boolean(),
    userHandle: fc.uint8Array({ maxLength: 64 }).map((handle) => Buffer.from(handle).toString('base64url')),
  });

  it('says what was written into it, until it ends', () =>
    expectAlways(300, [binding, content], (bound, written) => {
      const made = createChallenge(ring, bound, written);
      expect(openChallenge(ring, bound, made, NOW)).toEqual(written);
      expect(openChallenge(ring, bound, made, written.expiresAt)).toBeNull();
    }));

  it('that was damaged, or is of something else, says nothing', () =>
    expectAlways(300, [binding, binding, content, damage], (bound, other, written, one) => {
      const made = createChallenge(ring, bound, written);
      const changed = damagedText(made, one);
      expect(openChallenge(ring, bound, changed, NOW)).toEqual(changed === made ? written : null);
      fc.pre(JSON.stringify(bound) !== JSON.stringify(other));
      expect(openChallenge(ring, other, made, NOW)).toBeNull();
    }));

  it('is nothing that was made up', () =>
    expectAlways(300, [binding, trickyText], (bound, made) => {
      expect(openChallenge(ring, bound, made, NOW)).toBeNull();
    }));
});

describe('a token', () => {
  it('has its own shape, which no damage to its length keeps', () =>
    expectAlways(300, [damage], (one: Damage) => {
      const token = createToken();
      expect([isToken(token), hashToken(token).length]).toEqual([true, 64]);
      const other = damagedText(token, one);
      expect(isToken(other)).toBe(/^[\w-]*$/.test(other) && other.length === 43);
      expect(hashToken(other) === hashToken(token)).toBe(other === token);
    }));

  it('id sorts by its time, and after the first of its moment', () =>
    expectAlways(200, [fc.integer({ min: 0, max: 2 ** 47 }), fc.nat({ max: 2 ** 40 })], (now, later) => {
      const [first, second] = [sortableId(now), sortableId(now)];
      expect(firstIdAt(now) <= first && first < second && second < sortableId(now + later + 1)).toBe(true);
    }));
});
