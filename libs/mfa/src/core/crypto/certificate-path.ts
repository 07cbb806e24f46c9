import type { Certificate } from './certificates.js';
import { isIssuedBy, isValidAt, readCertificate } from './certificates.js';

/** Longer than any path in practice. Each certificate costs one signature check. */
const MAX_CERTIFICATES = 8;

/**
 * Finds the path from certificates to an anchor (RFC 5280, section 6.1; WebAuthn Level 3, section 7.1, step 24). The leaf comes
 * first, and each certificate certifies the one before it. The anchor may be a root, an authority below it, or the leaf itself
 * (FIDO Metadata Statements, `attestationRootCertificates`), and may or may not be among the certificates. Nothing is fetched:
 * revocation is up to whoever provides the anchors.
 *
 * @param x5c DER
 * @param now milliseconds since the epoch
 * @returns the certificates, plus the anchor if it wasn't among them; null if there is no such path
 */
export function pathToAnchor(
  x5c: readonly Uint8Array[],
  anchors: readonly Certificate[],
  now: number,
): readonly Certificate[] | null {
  if (x5c.length === 0 || x5c.length > MAX_CERTIFICATES) return null;
  const path = x5c.map(readCertificate);
  if (!path.every((one): one is Certificate => one !== null && isValidAt(one, now))) return null;
  const [leaf, last] = [path[0], path.at(-1)] as [Certificate, Certificate];
  // Otherwise an authority could vouch for keys with the key that certifies its models.
  if (leaf.x509.ca) return null;
  const isPath = path.every((one, index) => {
    const issuer = path[index + 1];
    return !issuer || isIssuedBy(one, issuer, index);
  });
  if (!isPath) return null;
  if (path.some(({ x509 }) => anchors.some((anchor) => anchor.x509.raw.equals(x509.raw)))) return path;
  const beyond = anchors.find(
    (anchor) => isValidAt(anchor, now) && isIssuedBy(last, anchor, path.length - 1),
  );
  return beyond ? [...path, beyond] : null;
}
