import { createHash, randomBytes } from 'node:crypto';

/** A new opaque token: 256 random bits in base64url (43 characters). */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The form in which a token is stored: its SHA-256 in hex. A token has 256 bits of entropy, so a plain hash is enough
 * (ASVS v5.0.0-6.5.2), and a look-up by digest leaks no timing of the token.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Whether `text` has the shape of a token of {@link createToken}. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
