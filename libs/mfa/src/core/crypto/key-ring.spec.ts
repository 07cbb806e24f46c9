import { describe, expect, it } from '@jest/globals';

import { MFA_KEY_RING, KeyRing, hasSeal, sealPrefix, sealRow } from './key-ring.js';

const OLD = 'the former secret of the tests, 32 bytes';
const NEW = 'the present secret of the tests, 32 bytes';
const ring = new KeyRing([NEW, OLD]);
const fields = ['id', 'ada', 7, true, null] as const;

describe('the ring of keys', () => {
  it('is injected by a token that all copies of this module share', () => {
    expect(MFA_KEY_RING).toBe(Symbol.for('nestjs-mfa:KEY_RING'));
  });
});

describe('the seal of a row', () => {
  it('holds for its own fields, and for no others', () => {
    const seal = sealRow(ring, 'session', fields);
    expect(seal).toMatch(/^[\w-]{8}\.[\w-]{43}$/);
    expect(seal.startsWith(sealPrefix(ring.current('seal').id))).toBe(true);
    expect(hasSeal(ring, 'session', fields, seal)).toBe(true);
    expect(hasSeal(ring, 'session', ['id', 'eve', 7, true, null], seal)).toBe(false);
    expect(hasSeal(ring, 'session', ['id', 'ada', '7', true, null], seal)).toBe(false);
    expect(hasSeal(ring, 'session', ['id', 'ada', 7, true, 'null'], seal)).toBe(false);
    expect(hasSeal(ring, 'credential', fields, seal)).toBe(false);
  });

  it('tells fields apart that join to the same text', () => {
    const seal = sealRow(ring, 'session', ['ab', 'c']);
    expect(hasSeal(ring, 'session', ['a', 'bc'], seal)).toBe(false);
  });

  it('holds while the secret that made it is on the ring, and no longer', () => {
    const seal = sealRow(new KeyRing([OLD]), 'session', fields);
    expect(hasSeal(ring, 'session', fields, seal)).toBe(true);
    expect(hasSeal(new KeyRing([NEW]), 'session', fields, seal)).toBe(false);
  });

  it.each([undefined, null, '', '.', 'junk', 'A'.repeat(43), `AAAAAAAA.${'A'.repeat(43)}`])(
    'is not %p',
    (seal) => {
      expect(hasSeal(ring, 'session', fields, seal)).toBe(false);
    },
  );

  it('is not told from the name of its key alone, nor with anything behind it', () => {
    const seal = sealRow(ring, 'session', fields);
    expect(hasSeal(ring, 'session', fields, sealPrefix(ring.current('seal').id))).toBe(false);
    expect(hasSeal(ring, 'session', fields, `${seal}.`)).toBe(false);
    expect(hasSeal(ring, 'session', fields, `${seal}A`)).toBe(false);
  });
});
