import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { isoCBOR } from '@simplewebauthn/server/helpers';

import { isSoundKey } from './public-key.js';

type Cose = [label: number, value: unknown][];

const cose = (parts: Cose) => isoCBOR.encode(new Map(parts) as never);
const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'));

function ecParts(curve = 'P-256'): Cose {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ format: 'jwk' });
  return [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ];
}

function edParts(): Cose {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return [
    [1, 1],
    [3, -8],
    [-1, 6],
    [-2, bytes(x)],
  ];
}

const integer = (value: bigint) => {
  const hex = value.toString(16);
  return new Uint8Array(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
};
const rsaParts = (n: unknown, e: unknown = integer(65_537n)): Cose => [
  [1, 3],
  [3, -257],
  [-1, n],
  [-2, e],
];
/** An odd number with this many bits. Whether it is a product of primes isn't checked. */
const modulus = (bits: number) => integer(2n ** BigInt(bits - 1) + 1n);

/** The key's parts with one of them changed. */
const withPart = (parts: Cose, label: number, value: unknown): Cose =>
  parts.map(([one, old]) => [one, one === label ? value : old]);

const EC = ecParts();
/** The x of these parts with a zero before it. */
const padded = (parts: Cose) => {
  const x = parts.find(([label]) => label === -2)?.[1] as Uint8Array;
  return new Uint8Array([0, ...x]);
};

describe('the public key of a credential', () => {
  it('is sound on each curve that was offered', () => {
    expect(isSoundKey(cose(ecParts()))).toBe(true);
    expect(isSoundKey(cose(edParts()))).toBe(true);
  });

  it.each([
    ['an algorithm that was not offered', withPart(ecParts(), 3, -35)],
    ['another kind of key than its algorithm', withPart(ecParts(), 1, 3)],
    ['another curve', withPart(ecParts(), -1, 2)],
    ['a point of another curve', ecParts('P-384')],
    ['a point that is not on the curve', withPart(ecParts(), -2, new Uint8Array(32).fill(7))],
    ['a part that is too short', withPart(ecParts(), -2, new Uint8Array(31))],
    ['a part that is too short, second', withPart(ecParts(), -3, new Uint8Array(31))],
    ['a part that is too long, if only by a zero', withPart(EC, -2, padded(EC))],
    ['a part that is no bytes', withPart(ecParts(), -2, 'x'.repeat(32))],
    ['a part that is missing', ecParts().slice(0, 4)],
    ['another curve, of Edwards', withPart(edParts(), -1, 7)],
    ['too short a point of Edwards', withPart(edParts(), -2, new Uint8Array(31).fill(9))],
    ['too long a point of Edwards', withPart(edParts(), -2, new Uint8Array(33).fill(9))],
  ])('is not sound with %s', (_, parts) => {
    expect(isSoundKey(cose(parts))).toBe(false);
  });

  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('is no point of small order, whatever its sign: %s', (hex) => {
    const point = new Uint8Array(Buffer.from(hex, 'hex'));
    expect(isSoundKey(cose(withPart(edParts(), -2, point)))).toBe(false);
    const signed = Uint8Array.from(point);
    signed[31] = (signed[31] as number) | 0x80;
    expect(isSoundKey(cose(withPart(edParts(), -2, signed)))).toBe(false);
  });

  it.each([
    [2047, false],
    [2048, true],
    [4096, true],
    [8192, true],
    [8193, false],
    [8208, false],
  ])('has an RSA modulus of %i bits: sound %p', (bits, isSound) => {
    expect(isSoundKey(cose(rsaParts(modulus(bits))))).toBe(isSound);
  });

  it('may have a zero before its modulus, and not two where it is the greatest', () => {
    const zeros = (count: number) =>
      new Uint8Array(Buffer.concat([Buffer.alloc(count), Buffer.from(modulus(8192))]));
    expect(isSoundKey(cose(rsaParts(zeros(1))))).toBe(true);
    expect(isSoundKey(cose(rsaParts(zeros(2))))).toBe(false);
  });

  it.each([
    ['an even modulus', integer(2n ** 2047n), integer(65_537n)],
    ['an even exponent', modulus(2048), integer(65_538n)],
    ['too small an exponent', modulus(2048), integer(3n)],
    ['an exponent just too small', modulus(2048), integer(65_535n)],
    ['an exponent just too great', modulus(2048), integer(2n ** 64n + 1n)],
    ['no bytes as its modulus', 'x'.repeat(256), integer(65_537n)],
    ['nothing as its modulus', new Uint8Array(0), integer(65_537n)],
    ['nothing as its exponent', modulus(2048), new Uint8Array(0)],
    ['no bytes as its exponent', modulus(2048), 65_537],
  ])('is not sound with %s', (_, n, e) => {
    expect(isSoundKey(cose(rsaParts(n, e)))).toBe(false);
  });

  it('has an exponent up to the greatest', () => {
    expect(isSoundKey(cose(rsaParts(modulus(2048), integer(2n ** 64n - 1n))))).toBe(true);
  });
});
