import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';

import type { Cbor } from './cbor.js';

/** A key pair of a kind that authenticators use: P-256, Ed25519, or RSA. */
export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

/** Generates a pair for ES256, which all security keys support. */
export const newKeyPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The public key as authenticators encode it (RFC 9052, section 7; RFC 8230, section 4). */
export function coseKey(publicKey: KeyObject): Map<number, Cbor> {
  const { kty, x = '', y = '', n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (base64url: string) => Buffer.from(base64url, 'base64url');
  const entries: Record<string, [number, Cbor][]> = {
    EC: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    OKP: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ],
    RSA: [
      [1, 3],
      [3, -257],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
  };
  return new Map(entries[kty as string]);
}
