import { X509Certificate, createHash } from 'node:crypto';

import { getCertificateInfo } from '@simplewebauthn/server/helpers';

/** Extensions that are evaluated here, or whose content makes no difference here. */
const UNDERSTOOD = new Set([
  '2.5.29.14', // subject key identifier
  '2.5.29.15', // key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.19', // basic constraints
  '2.5.29.32', // certificate policies
  '2.5.29.35', // authority key identifier
  '2.5.29.37', // extended key usage
]);
const BASIC_CONSTRAINTS = '2.5.29.19';
const DER_INTEGER = 2;

/** The parts of a certificate that path validation needs. */
export interface Certificate {
  x509: X509Certificate;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** How many authority certificates may come between this one and the end of the path. */
  pathLength: number;
  /**
   * SHA-1 of the public key in hex, according to the first method of RFC 5280, section 4.2.1.2: a name for the key, not a
   * proof.
   */
  keyIdentifier: string;
}

/**
 * Reads a certificate.
 *
 * @param data DER or PEM
 * @returns null if it is no certificate, has a critical extension that isn't understood, or has an extension twice (RFC 5280,
 *   section 4.2)
 */
export function readCertificate(data: Uint8Array | string): Certificate | null {
  try {
    const x509 = new X509Certificate(data);
    const {
      extensions = [],
      validity,
      subjectPublicKeyInfo,
    } = getCertificateInfo(new Uint8Array(x509.raw)).parsedCertificate.tbsCertificate;
    const ids = extensions.map(({ extnID }) => extnID);
    if (new Set(ids).size < ids.length) return null;
    if (extensions.some(({ critical, extnID }) => critical && !UNDERSTOOD.has(extnID))) return null;
    const constraints = extensions.find(({ extnID }) => extnID === BASIC_CONSTRAINTS);
    return {
      x509,
      notBefore: validity.notBefore.getTime().getTime(),
      notAfter: validity.notAfter.getTime().getTime(),
      pathLength: constraints ? readPathLength(Buffer.from(constraints.extnValue.buffer)) : Infinity,
      keyIdentifier: createHash('sha1')
        .update(new Uint8Array(subjectPublicKeyInfo.subjectPublicKey))
        .digest('hex'),
    };
  } catch {
    return null;
  }
}

export function isValidAt({ notBefore, notAfter }: Certificate, now: number): boolean {
  return notBefore <= now && now <= notAfter;
}

/**
 * Whether the issuer certifies the subject: it is an authority that may sign certificates, and matches by name, key identifier,
 * key usage and signature (RFC 5280, section 6.1).
 *
 * @param authoritiesBetween how many authority certificates are between the issuer and the end of the path
 */
export function isIssuedBy(subject: Certificate, issuer: Certificate, authoritiesBetween: number): boolean {
  return (
    issuer.x509.ca &&
    issuer.pathLength >= authoritiesBetween &&
    subject.x509.checkIssued(issuer.x509) &&
    subject.x509.verify(issuer.x509.publicKey)
  );
}

/** The second member of `SEQUENCE { cA BOOLEAN, pathLenConstraint INTEGER OPTIONAL }`. */
function readPathLength(der: Buffer): number {
  for (let at = 2; at + 1 < der.length; at += 2 + (der[at + 1] as number)) {
    if (der[at] === DER_INTEGER) return der.readUIntBE(at + 2, Math.min(der[at + 1] as number, 6));
  }
  return Infinity;
}
