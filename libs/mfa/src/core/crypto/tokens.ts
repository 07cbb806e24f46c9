import { hash, randomBytes, randomInt } from 'node:crypto';

import { v7 } from 'uuid';

/** Where the counter of a millisecond starts at most: it holds 32 bits, so as many ids again follow in the same one. */
const COUNTER_START = 2 ** 31;

let lastNow = 0;
let counter = 0;

/**
 * A new random id whose text sorts by time: a UUID of version 7 (RFC 9562, section 5.7) with a counter that starts anywhere in
 * place of the first random bits (section 6.2, method 1), so that ids of the same millisecond keep their order. When the clock
 * goes back, ids follow it.
 *
 * @param now milliseconds since the epoch
 */
export function sortableId(now: number): string {
  counter = now === lastNow ? counter + 1 : randomInt(COUNTER_START);
  lastNow = now;
  return v7({ msecs: now, seq: counter });
}

/** The smallest id of that moment, to compare with; none is from before 1970. */
export function firstIdAt(now: number): string {
  const hex = Math.max(0, now).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** A new opaque token: 256 random bits in base64url (43 characters). */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The form in which a token is stored: its SHA-256 in hex. A token has 256 bits of entropy, so a plain hash is enough
 * (ASVS v5.0.0-6.5.2), and a look-up by digest leaks no timing of the token.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether `text` has the shape of a token of {@link createToken}. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
