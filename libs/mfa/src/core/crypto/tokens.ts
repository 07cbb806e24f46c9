import { createHash, randomBytes } from 'node:crypto';

const COUNTER_MAX = 0xfff;

/** What the clock said last, the time that the last id holds, and its counter. */
let lastNow = 0;
let lastTime = 0;
let counter = 0;

/**
 * A new random id whose text sorts by time: a UUID of version 7 (RFC 9562, section 5.7) with a counter in place of the
 * first random bits (section 6.2, method 1), so that ids of the same millisecond keep their order. Where a millisecond sees
 * more than the counter holds, the time runs ahead of the clock (section 6.2, "Counter Rollover Handling"); when the
 * clock goes back, ids follow it.
 *
 * @param now milliseconds since the epoch
 */
export function sortableId(now: number): string {
  const time = now < lastNow ? now : Math.max(now, lastTime);
  lastNow = now;
  if (time !== lastTime) counter = 0;
  else counter += 1;
  lastTime = time;
  if (counter > COUNTER_MAX) {
    lastTime += 1;
    counter = 0;
  }
  const random = randomBytes(8);
  random[0] = (random[0]! & 0x3f) | 0x80;
  const hex = `${lastTime.toString(16).padStart(12, '0')}7${counter.toString(16).padStart(3, '0')}${random.toString('hex')}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
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
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Whether `text` has the shape of a token of {@link createToken}. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
