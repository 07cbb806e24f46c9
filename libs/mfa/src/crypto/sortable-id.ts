import { randomBytes } from 'node:crypto';

let lastTime = 0;
let counter = 0;

/**
 * A new random id whose text sorts by time: a UUID of version 7 (RFC 9562, section 5.7) with a counter in place of the
 * first random bits (section 6.2, method 1), so that ids of the same millisecond keep their order.
 *
 * @param now milliseconds since the epoch
 */
export function sortableId(now: number): string {
  counter = now === lastTime ? (counter + 1) & 0xfff : 0;
  lastTime = now;
  const random = randomBytes(8);
  random[0] = (random[0]! & 0x3f) | 0x80;
  const hex = `${now.toString(16).padStart(12, '0')}7${counter.toString(16).padStart(3, '0')}${random.toString('hex')}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The smallest id of that moment, to compare with. */
export function firstIdAt(now: number): string {
  const hex = now.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
