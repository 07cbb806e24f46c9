import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

import { RowProblem } from './import-problem.js';
import { isRecord, parse } from './json-line-rows.js';

/** The mode of Laravel's `cipher` in config/app.php; the key's length decides between AES-128 and AES-256. */
export type LaravelCipher = 'cbc' | 'gcm';

/**
 * Decodes an `APP_KEY`.
 *
 * @throws {TypeError} when it isn't one; the message doesn't contain the key
 */
export function laravelKey(appKey: string): Buffer {
  const key = appKey.startsWith('base64:')
    ? Buffer.from(appKey.slice('base64:'.length), 'base64')
    : Buffer.from(appKey, 'utf8');
  if (key.length !== 16 && key.length !== 32) {
    throw new TypeError('An APP_KEY has 16 or 32 bytes, usually written as `base64:` and 44 characters');
  }
  return key;
}

/**
 * Decrypts text encrypted by Laravel's `Crypt`, serialized (`encrypt`) or not (`encryptString`).
 *
 * @param keys the current key, then previous ones
 * @throws {RowProblem} `undecryptable`
 */
export function laravelDecrypt(payload: string, keys: readonly Buffer[], cipher: LaravelCipher): string {
  const parts = parse(Buffer.from(payload, 'base64').toString('utf8'));
  if (!isRecord(parts)) throw new RowProblem('undecryptable');
  const { iv, value, mac, tag } = parts;
  if (typeof iv !== 'string' || typeof value !== 'string') throw new RowProblem('undecryptable');
  for (const key of keys) {
    const text = cipher === 'gcm' ? openGcm(key, { iv, value, tag }) : openCbc(key, { iv, value, mac });
    if (text !== null) return unserialize(text);
  }
  throw new RowProblem('undecryptable');
}

/** Returns null if the MAC is of another key. The MAC is verified before anything is decrypted. */
function openCbc(
  key: Buffer,
  { iv, value, mac }: { iv: string; value: string; mac: unknown },
): Buffer | null {
  const expected = createHmac('sha256', key)
    .update(iv + value)
    .digest();
  if (typeof mac !== 'string' || !/^[0-9a-f]{64}$/i.test(mac)) return null;
  if (!timingSafeEqual(expected, Buffer.from(mac, 'hex'))) return null;
  try {
    const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.from(iv, 'base64'));
    return Buffer.concat([decipher.update(value, 'base64'), decipher.final()]);
  } catch {
    return null;
  }
}

function openGcm(
  key: Buffer,
  { iv, value, tag }: { iv: string; value: string; tag: unknown },
): Buffer | null {
  try {
    const name = key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm';
    const decipher = createDecipheriv(name, key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(String(tag), 'base64'));
    return Buffer.concat([decipher.update(value, 'base64'), decipher.final()]);
  } catch {
    return null;
  }
}

/** A string serialized by PHP is `s:`, its length in bytes, and the text in quotes. Other text is returned as is. */
function unserialize(text: Buffer): string {
  const plain = text.toString('utf8');
  const length = /^s:(\d+):"/.exec(plain);
  if (!length) return plain;
  const begin = length[0].length;
  const end = begin + Number(length[1]);
  if (text.subarray(end).toString('latin1') !== '";') throw new RowProblem('undecryptable');
  return text.subarray(begin, end).toString('utf8');
}
