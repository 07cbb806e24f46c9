import { hash, randomBytes, randomInt } from 'node:crypto';

import { v7 } from 'uuid';

/**
 * The maximum start of the counter within a millisecond. The counter has 32 bits, so at least as many ids can follow in the
 * same one.
 */
const COUNTER_START = 2 ** 31;

let lastNow = 0;
let counter = 0;

/**
 * Generates a random id that sorts by time as text: a UUID of version 7 (RFC 9562, section 5.7) whose first random bits are a
 * counter with a random start (section 6.2, method 1), so that ids of the same millisecond keep their order. If the clock goes
 * back, so do the ids.
 *
 * @param now milliseconds since the epoch
 */
export function sortableId(now: number): string {
  counter = now === lastNow ? counter + 1 : randomInt(COUNTER_START);
  lastNow = now;
  return v7({ msecs: now, seq: counter });
}

/** The smallest id of that time, for comparisons. Times before 1970 count as 1970. */
export function firstIdAt(now: number): string {
  const hex = Math.max(0, now).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** A new opaque token: 256 random bits in base64url (43 characters). */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Returns the form in which a token is stored: its SHA-256 in hex. A token has 256 bits of entropy, so a plain hash is enough
 * (ASVS v5.0.0-6.5.2), and looking it up by digest leaks no timing information about the token.
 */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether `text` has the format of {@link createToken}. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
