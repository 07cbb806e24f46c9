import { base32 } from 'rfc4648';

import { RowProblem } from './import-problem.js';

/** How a secret is encoded as text. */
export type SecretEncoding = 'base32' | 'hex' | 'ascii' | 'base64';

/** 16 characters of base32, as Google Authenticator generated for years. Shorter secrets are too easy to guess. */
const MIN_BYTES = 10;
/** The block size of SHA-1 and SHA-256; no one generates longer secrets. */
const MAX_BYTES = 64;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Normalizes a secret to its stored form: upper-case base32 without padding. A normalized secret is returned unchanged.
 *
 * @throws {RowProblem} `invalid_secret`, `short_secret`, `long_secret`
 */
export function normalizeSecret(text: string, encoding: SecretEncoding = 'base32'): string {
  return secretOfBytes(DECODERS[encoding](text));
}

/** @throws {RowProblem} `short_secret`, `long_secret` */
export function secretOfBytes(bytes: Uint8Array): string {
  if (bytes.length < MIN_BYTES) throw new RowProblem('short_secret');
  if (bytes.length > MAX_BYTES) throw new RowProblem('long_secret');
  return base32.stringify(bytes, { pad: false });
}

const DECODERS: Record<SecretEncoding, (text: string) => Uint8Array> = {
  base32: decodeBase32,
  hex: (text) => {
    const digits = text.replace(/[\s:-]/g, '');
    return Buffer.from(matching(digits, /^(?:[0-9a-f]{2})+$/i), 'hex');
  },
  // The characters themselves are the key, so none are stripped.
  ascii: (text) => Buffer.from(matching(text, /^[\x20-\x7e]+$/), 'latin1'),
  base64: (text) => {
    // The lookbehind avoids a retry at each of up to a million `=` signs in the middle.
    const characters = text
      .replace(/\s/g, '')
      .replace(/-/g, '+')
      .replace(/_/g, '/')
      .replace(/(?<!=)=+$/, '');
    const bytes = Buffer.from(matching(characters, /^[0-9a-z+/]+$/i), 'base64');
    if (characters.length % 4 === 1) throw new RowProblem('invalid_secret');
    return bytes;
  },
};

/**
 * Authenticator apps drop trailing bits that don't fill a byte, and some libraries generated random secrets with such
 * bits; a strict decoder would reject them. A length that no bytes can have means that part of the secret is missing.
 */
function decodeBase32(text: string): Uint8Array {
  const characters = text
    .replace(/[\s-]/g, '')
    .replace(/={1,6}$/, '')
    .toUpperCase();
  matching(characters, /^[A-Z2-7]+$/);
  if ([1, 3, 6].includes(characters.length % 8)) throw new RowProblem('invalid_secret');
  const bytes = new Uint8Array(Math.floor((characters.length * 5) / 8));
  let buffer = 0;
  let bits = 0;
  let length = 0;
  for (const character of characters) {
    buffer = ((buffer << 5) | ALPHABET.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = buffer >> bits;
    }
  }
  return bytes;
}

function matching(text: string, pattern: RegExp): string {
  if (!pattern.test(text)) throw new RowProblem('invalid_secret');
  return text;
}
