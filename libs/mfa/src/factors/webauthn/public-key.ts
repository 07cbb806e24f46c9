import { createPublicKey } from 'node:crypto';

import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';

/** Labels of COSE keys (RFC 9052, section 7.1; RFC 9053, section 7; RFC 8230, section 4). */
const KTY = 1;
const ALG = 3;
const CRV_OR_N = -1;
const X_OR_E = -2;
const Y = -3;

const EC_BYTES = 32;
/** NIST SP 800-131A rev. 2, section 3; a larger modulus would only cost CPU time. */
const RSA_BITS = { least: 2048, greatest: 8192 };
/** Includes a leading zero. */
const MAX_BYTES = RSA_BITS.greatest / 8 + 1;
/** FIPS 186-5, section 5.4: odd, and above 2^16. OpenSSL accepts at most 64 bits with large keys. */
const RSA_EXPONENT = { least: 65_537n, greatest: 2n ** 64n - 1n };

/** Encodings of points of small order, without the sign: under these keys, forged signatures are valid. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/**
 * Whether a key is of a kind that was offered, on the curve that its algorithm names (WebAuthn Level 3, section 5.8.5), and strong enough
 * that only its owner can sign with it. The library accepts every key that it can parse.
 *
 * @param cose the public key in CBOR
 */
export function isSoundKey(cose: Uint8Array<ArrayBuffer>): boolean {
  const key = decodeCredentialPublicKey(cose) as unknown as Map<number, unknown>;
  switch (`${String(key.get(ALG))}/${String(key.get(KTY))}`) {
    case '-7/2':
      return key.get(CRV_OR_N) === 1 && isPointOfP256(key.get(X_OR_E), key.get(Y));
    case '-8/1':
      return key.get(CRV_OR_N) === 6 && isSoundEd25519(key.get(X_OR_E));
    case '-257/3':
      return isSoundRsa(key.get(CRV_OR_N), key.get(X_OR_E));
    default:
      return false;
  }
}

function isPointOfP256(x: unknown, y: unknown): boolean {
  if (!isBytes(x, EC_BYTES) || !isBytes(y, EC_BYTES)) return false;
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  try {
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y) }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function isSoundEd25519(x: unknown): boolean {
  if (!isBytes(x, EC_BYTES)) return false;
  const withoutSign = Buffer.from(x);
  withoutSign.writeUInt8(withoutSign.readUInt8(EC_BYTES - 1) & 0x7f, EC_BYTES - 1);
  return !SMALL_ORDER.has(withoutSign.toString('hex'));
}

function isSoundRsa(n: unknown, e: unknown): boolean {
  if (!isBytes(n) || !isBytes(e)) return false;
  const modulus = toInteger(n);
  const exponent = toInteger(e);
  const bits = modulus.toString(2).length;
  return (
    isOdd(modulus) &&
    isOdd(exponent) &&
    bits >= RSA_BITS.least &&
    bits <= RSA_BITS.greatest &&
    exponent >= RSA_EXPONENT.least &&
    exponent <= RSA_EXPONENT.greatest
  );
}

function isBytes(value: unknown, length?: number): value is Uint8Array {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > MAX_BYTES) return false;
  return length === undefined || value.length === length;
}

const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const isOdd = (value: bigint): boolean => value % 2n === 1n;
