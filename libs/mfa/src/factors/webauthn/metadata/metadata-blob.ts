import { constants, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { pathToAnchor } from '../../../core/crypto/certificate-path.js';
import type { Certificate } from '../../../core/crypto/certificates.js';

/** A signature algorithm and its kind of key (RFC 7518, section 3.1; RFC 8037). */
interface Algorithm {
  hash: string | null;
  key: 'rsa' | 'ec' | 'ed25519';
  curve?: string;
  padding?: number;
}

const PSS = constants.RSA_PKCS1_PSS_PADDING;
/** The accepted algorithms. `none` and keyed hashes are never accepted, since anybody could produce them. */
const ALGORITHMS: ReadonlyMap<unknown, Algorithm> = new Map<unknown, Algorithm>([
  ['RS256', { hash: 'sha256', key: 'rsa' }],
  ['RS384', { hash: 'sha384', key: 'rsa' }],
  ['RS512', { hash: 'sha512', key: 'rsa' }],
  ['PS256', { hash: 'sha256', key: 'rsa', padding: PSS }],
  ['PS384', { hash: 'sha384', key: 'rsa', padding: PSS }],
  ['PS512', { hash: 'sha512', key: 'rsa', padding: PSS }],
  ['ES256', { hash: 'sha256', key: 'ec', curve: 'prime256v1' }],
  ['ES384', { hash: 'sha384', key: 'ec', curve: 'secp384r1' }],
  ['ES512', { hash: 'sha512', key: 'ec', curve: 'secp521r1' }],
  ['EdDSA', { hash: null, key: 'ed25519' }],
]);
const MIN_RSA_BITS = 2048;
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DAY_MS = 86_400_000;

/** A BLOB with a valid signature (FIDO Metadata Service v3.0, section 3.1.6). */
export interface MetadataBlob {
  /** Its serial number, which increases with each BLOB. */
  no: number;
  /** When it becomes outdated, in milliseconds since the epoch: at the end of the day named in `nextUpdate`. */
  validUntil: number;
  entries: readonly unknown[];
}

/** What proves that a BLOB comes from its publisher. */
export interface BlobTrust {
  roots: readonly Certificate[];
  /** The host that the signing certificate must be for, if its roots certify others too. */
  host?: string;
}

/** Why a BLOB is rejected. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
}

/**
 * Verifies a BLOB as described in section 3.2 of FIDO Metadata Service v3.0: the path of its signing certificate, and the signature.
 * Revocation of the certificates is not checked, since nothing is downloaded.
 *
 * @param now milliseconds since the epoch
 * @throws {MetadataError}
 */
export function verifyBlob(text: string, trust: BlobTrust, now: number): MetadataBlob {
  const jws = text.trim();
  if (!COMPACT.test(jws)) throw new MetadataError('it is not a JWS of three parts');
  const [head, body, signature] = jws.split('.') as [string, string, string];
  const header = readJson(head, 'header');
  const algorithm = ALGORITHMS.get(header['alg']);
  if (!algorithm) throw new MetadataError(`its algorithm is not one of ${[...ALGORITHMS.keys()].join(', ')}`);
  if ('crit' in header)
    throw new MetadataError('it has critical headers (\`crit\`), which are not supported');
  const signer = signerOf(header['x5c'], trust, now);
  const signed = Buffer.from(`${head}.${body}`);
  if (!holds(algorithm, signer.x509.publicKey, signed, Buffer.from(signature, 'base64url'))) {
    throw new MetadataError('its signature is invalid');
  }
  return readPayload(readJson(body, 'payload'));
}

function readPayload({ no, nextUpdate, entries }: Record<string, unknown>): MetadataBlob {
  if (typeof no !== 'number' || !Number.isInteger(no))
    throw new MetadataError('it has no serial number (`no`)');
  const day = typeof nextUpdate === 'string' && DATE.test(nextUpdate) ? Date.parse(nextUpdate) : Number.NaN;
  if (Number.isNaN(day)) throw new MetadataError('its `nextUpdate` is not a date');
  if (!Array.isArray(entries)) throw new MetadataError('it has no `entries`');
  return { no, validUntil: day + DAY_MS, entries };
}

/** The signing certificate, if it chains to a root. */
function signerOf(x5c: unknown, { roots, host }: BlobTrust, now: number): Certificate {
  // The alternative `x5u` is an address, which would have to be downloaded.
  if (!Array.isArray(x5c) || !x5c.every((one) => typeof one === 'string')) {
    throw new MetadataError('it lacks the certificates of its signature (`x5c`)');
  }
  const path = pathToAnchor(
    x5c.map((one) => Buffer.from(one, 'base64')),
    roots,
    now,
  );
  const [signer] = path ?? [];
  if (!signer)
    throw new MetadataError('its certificates do not chain to a trusted root, or are not valid now');
  if (host !== undefined && signer.x509.checkHost(host) === undefined) {
    throw new MetadataError(`its certificate is not for ${host}`);
  }
  return signer;
}

function holds(
  { hash, key: kind, curve, padding }: Algorithm,
  key: KeyObject,
  signed: Buffer,
  signature: Buffer,
): boolean {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== kind) return false;
  if (kind === 'rsa' && modulusLength < MIN_RSA_BITS) return false;
  if (namedCurve !== curve) return false;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return verify(hash, signed, { key, padding, saltLength, dsaEncoding: 'ieee-p1363' }, signature);
}

function readJson(part: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Handled like any other invalid value.
  }
  throw new MetadataError(`its ${what} is not a JSON object`);
}
