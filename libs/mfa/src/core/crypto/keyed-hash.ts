import { createHmac } from 'node:crypto';

import { lengthPrefixed } from './length-prefixed.js';

/** HMAC-SHA-256 of the fields in hex. */
export function keyedHash(key: Buffer, ...fields: string[]): string {
  return createHmac('sha256', key)
    .update(lengthPrefixed(...fields))
    .digest('hex');
}
