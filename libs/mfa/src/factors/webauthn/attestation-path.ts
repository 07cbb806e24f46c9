import type { Certificate } from '../../core/crypto/certificates.js';
import { isIssuedBy, isValidAt, readCertificate } from '../../core/crypto/certificates.js';

/** Longer than any path of an authenticator; each certificate costs a signature to check. */
const MAX_CERTIFICATES = 8;

/**
 * Whether the certificates of an attestation lead to one of the roots (WebAuthn Level 3, section 7.1, step 24): the leaf
 * first, and each certifies the one before it. The root itself may be among them, or not. Nothing is fetched: revocation is
 * the business of whoever knows the models.
 *
 * @param x5c DER
 * @param now milliseconds since the epoch
 */
export function leadsToRoot(x5c: readonly Uint8Array[], roots: readonly Certificate[], now: number): boolean {
  if (x5c.length === 0 || x5c.length > MAX_CERTIFICATES) return false;
  const path = x5c.map(readCertificate);
  if (!path.every((one): one is Certificate => one !== null && isValidAt(one, now))) return false;
  const [leaf, last] = [path[0], path.at(-1)] as [Certificate, Certificate];
  // An authority could otherwise vouch for keys with the key that certifies its models.
  if (leaf.x509.ca) return false;
  const isPath = path.every((one, index) => {
    const issuer = path[index + 1];
    return !issuer || isIssuedBy(one, issuer, index);
  });
  return (
    isPath &&
    roots.some(
      (root) =>
        isValidAt(root, now) &&
        (root.x509.raw.equals(last.x509.raw) || isIssuedBy(last, root, path.length - 1)),
    )
  );
}
