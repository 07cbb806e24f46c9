import { describe, expect, it } from '@jest/globals';

import { isEnvelope, open } from './envelope.js';
import type { KeyPurpose } from './key-ring.js';
import { KeyRing, hasSeal, keyedHash, lengthPrefixed, sealRow } from './key-ring.js';
import { firstIdAt, hashToken, isToken } from './tokens.js';

const ring = new KeyRing(['a secret of at least 32 bytes, never in use']);

// What databases contain: if one of these changed, existing rows could no longer be opened.
describe('what was written before', () => {
  it('is under keys that the secret alone decides', () => {
    const purposes: KeyPurpose[] = ['encryption', 'challenge', 'seal', 'code', 'browser'];
    expect(purposes.map((purpose) => keyedHash(ring.current(purpose).key, 'x').slice(0, 16))).toEqual([
      '5c9b74515d5a6144',
      '9f19dccc361c919a',
      '79aac43ac5962917',
      '39b3d61e9e76704e',
      'bd7e5d8960999f67',
    ]);
    expect(ring.current('seal').id).toBe('FBx7TtNx');
    expect(ring.byId('FBx7TtNx', 'seal')).toEqual(ring.all('seal')[0]);
  });

  it.each([
    [
      'v1.FBx7TtNx.fdHbyMqqn7kPwwDf.ObreHOGcrw.nrWyOnulH1vb4BTQ8uy5mA',
      'Grüße',
      { purpose: 'totp', userId: 'ada', recordId: 'r1' },
    ],
    ['v1.FBx7TtNx.Q_EhRNSWE4xxfLv8.Xhcn3Q.AH45VgYKbz3Cy0QPibN1bQ', 'text', undefined],
  ])('opens: %s', (envelope, text, context) => {
    expect(isEnvelope(envelope)).toBe(true);
    expect(open(ring, envelope, context)).toBe(text);
  });

  it('is told from what is no envelope', () => {
    for (const text of ['', 'text', 'v1', 'v2.FBx7TtNx.a.b.c', ' v1.FBx7TtNx.a.b.c'])
      expect(isEnvelope(text)).toBe(false);
  });

  it('has the seal of its row', () => {
    const fields = ['r1', 5, true, null];
    const seal = 'FBx7TtNx.PyOuQooYS8JZmg7W6kXNPpE1GWj0Gd-zJXJa87TTFVg';
    expect(sealRow(ring, 'mfa_authenticator', fields)).toBe(seal);
    expect(hasSeal(ring, 'mfa_authenticator', fields, seal)).toBe(true);
    for (const wrong of [null, undefined, '', 'FBx7TtNx.', `${seal}A`, seal.replace('FBx7TtNx', 'other')]) {
      expect(hasSeal(ring, 'mfa_authenticator', fields, wrong)).toBe(false);
    }
    expect(hasSeal(ring, 'mfa_user', fields, seal)).toBe(false);
    expect(hasSeal(ring, 'mfa_authenticator', ['r1', '5', true, null], seal)).toBe(false);
  });

  it('is found by its hash', () => {
    expect(keyedHash(Buffer.alloc(32, 1), 'ada', '12345678')).toBe(
      '964fb6d280940786e38e922f2b361a994d0b2b3fb7b66435da38df9d545e84c0',
    );
    expect(hashToken('token')).toBe('3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0');
    expect(lengthPrefixed('ä', '', 'bc').toString('hex')).toBe('00000002c3a400000000000000026263');
  });

  it.each([
    ['a length of more than seven bits', 'x'.repeat(200), '000000c8', '78'.repeat(200)],
    ['a length of more than a byte', 'x'.repeat(0x1_02_03), '00010203', '78'.repeat(0x1_02_03)],
    ['characters of four bytes', '😀', '00000004', 'f09f9880'],
    ['a half of a character, which UTF-8 does not have', '\ud83d', '00000003', 'efbfbd'],
    ['characters that are one byte elsewhere', 'é\u0080', '00000004', 'c3a9c280'],
  ])('has the same bytes for %s', (_what, field, length, bytes) => {
    expect(lengthPrefixed(field).toString('hex')).toBe(length + bytes);
    expect(lengthPrefixed('a', field).toString('hex')).toBe(`0000000161${length}${bytes}`);
  });

  it('is found by its moment', () => {
    expect(firstIdAt(1_800_000_000_000)).toBe('01a3185c-5000-0000-0000-000000000000');
    expect(firstIdAt(0)).toBe('00000000-0000-0000-0000-000000000000');
    expect(firstIdAt(-5)).toBe(firstIdAt(0));
  });
});

it.each([
  ['a'.repeat(43), true],
  [`${'a'.repeat(41)}_-`, true],
  ['a'.repeat(42), false],
  ['a'.repeat(44), false],
  [`${'a'.repeat(42)}=`, false],
  [`${'a'.repeat(43)}\n`, false],
])('%j has the shape of a token: %p', (text, has) => {
  expect(isToken(text)).toBe(has);
});
