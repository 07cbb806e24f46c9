import { createHmac, timingSafeEqual } from 'node:crypto';

import type { KeyRing } from './key-ring.js';
import { lengthPrefixed } from './length-prefixed.js';

/** What a seal covers, as text: the same fields in the same order whenever the row is written or read. */
export type SealedFields = readonly (string | number | boolean | null)[];

/**
 * A seal on a row: HMAC-SHA-256 in base64url (43 characters) over the fields that decide, under a key that is never in the
 * database. So whoever can write to the tables, but does not know `secret`, can make no row that counts, and move none to
 * another user. An old row that is put back with its old seal is not told from a new one.
 *
 * @param table what kind of row it is, so that no seal of one is good for another
 */
export function sealRow(keyRing: KeyRing, table: string, fields: SealedFields): string {
  return macOf(keyRing.current('seal').key, table, fields).toString('base64url');
}

/** Whether that seal was made for these fields, under any of the secrets. */
export function hasSeal(
  keyRing: KeyRing,
  table: string,
  fields: SealedFields,
  seal: string | null | undefined,
): boolean {
  const presented = Buffer.from(seal ?? '', 'base64url');
  return keyRing.all('seal').some((key) => {
    const expected = macOf(key, table, fields);
    return presented.length === expected.length && timingSafeEqual(presented, expected);
  });
}

function macOf(key: Buffer, table: string, fields: SealedFields): Buffer {
  return createHmac('sha256', key)
    .update(lengthPrefixed(table, ...fields.map((field) => JSON.stringify(field))))
    .digest();
}
