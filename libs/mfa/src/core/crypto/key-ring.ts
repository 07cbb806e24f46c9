import { hkdfSync, createHmac, timingSafeEqual } from 'node:crypto';

/** What a derived key is for. One key, one purpose (NIST SP 800-57 part 1, section 5.2). */
export type KeyPurpose = 'encryption' | 'challenge' | 'seal' | 'code' | 'browser';

interface Secret {
  id: string;
  keys: Record<KeyPurpose, Buffer>;
}

const PURPOSES: readonly KeyPurpose[] = ['encryption', 'challenge', 'seal', 'code', 'browser'];

function derive(secret: string, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'nestjs-mfa/v1', label, bytes));
}

/**
 * The keys derived from the option `secret` with HKDF-SHA-256 (RFC 5869). The first secret writes and all of them read, so a
 * secret can be replaced while old rows are still under the previous one.
 */
export class KeyRing {
  private readonly secrets: Secret[];

  constructor(secrets: readonly string[]) {
    this.secrets = secrets.map((secret) => ({
      id: derive(secret, 'key-id', 6).toString('base64url'),
      keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, derive(secret, purpose, 32)])) as Record<
        KeyPurpose,
        Buffer
      >,
    }));
    if (this.secrets.length === 0) throw new Error('A key ring needs at least one secret');
  }

  /** The key that new data is written with, and its id. */
  current(purpose: KeyPurpose): { id: string; key: Buffer } {
    const [first] = this.secrets as [Secret];
    return { id: first.id, key: first.keys[purpose] };
  }

  /** The key with that id; undefined if its secret isn't on the ring (any more). */
  byId(id: string, purpose: KeyPurpose): Buffer | undefined {
    return this.secrets.find((secret) => secret.id === id)?.keys[purpose];
  }

  /** The keys of all secrets, the current one first. */
  all(purpose: KeyPurpose): Buffer[] {
    return this.secrets.map(({ keys }) => keys[purpose]);
  }
}

/** Injection token of the {@link KeyRing}. */
export const MFA_KEY_RING = Symbol.for('nestjs-mfa:KEY_RING');

/** HMAC-SHA-256 of the fields in hex. */
export function keyedHash(key: Buffer, ...fields: string[]): string {
  return createHmac('sha256', key)
    .update(lengthPrefixed(...fields))
    .digest('hex');
}

/**
 * Joins fields so that no two different lists give the same bytes: each field, in UTF-8, is preceded by its length in four
 * bytes.
 */
export function lengthPrefixed(...fields: string[]): Buffer {
  // One character per byte: writing a single string takes a third of the time of writing many, and every guarded request checks
  // a seal.
  let bytes = '';
  for (const field of fields) {
    const length = Buffer.byteLength(field, 'utf8');
    const isAscii = length === field.length;
    bytes += String.fromCharCode(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
    bytes += isAscii ? field : Buffer.from(field, 'utf8').toString('latin1');
  }
  return Buffer.from(bytes, 'latin1');
}

/** What a seal covers: the same fields in the same order whenever the row is written or read. */
export type SealedFields = readonly (string | number | boolean | null)[];

/** The prefix of all seals under the key with that id. */
export function sealPrefix(keyId: string): string {
  return `${keyId}.`;
}

/**
 * Seals a row: `<keyId>.<mac>`, HMAC-SHA-256 in base64url over the fields that matter, under a key that is never in the
 * database (52 characters). Someone who can write to the tables but doesn't know `secret` can't create a valid row, or move one
 * to another user. An old row that is restored with its old seal can't be told from a new one.
 *
 * @param table the kind of row, so that its seal isn't valid for any other kind
 */
export function sealRow(keyRing: KeyRing, table: string, fields: SealedFields): string {
  const { id, key } = keyRing.current('seal');
  return sealWith(id, key, table, fields);
}

/** Whether the seal was made for these fields, under any of the secrets. */
export function hasSeal(
  keyRing: KeyRing,
  table: string,
  fields: SealedFields,
  seal: string | null | undefined,
): boolean {
  const [keyId = ''] = (seal ?? '').split('.');
  const key = keyRing.byId(keyId, 'seal');
  if (!key) return false;
  const presented = Buffer.from(seal ?? '');
  const expected = Buffer.from(sealWith(keyId, key, table, fields));
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}

function sealWith(keyId: string, key: Buffer, table: string, fields: SealedFields): string {
  const mac = createHmac('sha256', key)
    .update(lengthPrefixed(table, ...fields.map((field) => JSON.stringify(field))))
    .digest('base64url');
  return `${sealPrefix(keyId)}${mac}`;
}
