import { readCertificate } from '../core/crypto/certificates.js';
import type { Problems } from './problems.js';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads an option's list of certificates. One string may hold several; each becomes an entry of its own. */
export function readCertificateList<T extends string | Uint8Array>(
  name: string,
  given: unknown,
  problems: Problems,
  forms: string,
): (T | string)[] {
  if (given === undefined) return [];
  const all = Array.isArray(given) ? (given as unknown[]) : [];
  const certificates = all.flatMap((one) => (typeof one === 'string' ? (one.match(PEM) ?? [one]) : [one]));
  const isFit = (one: unknown) =>
    (typeof one === 'string' || one instanceof Uint8Array) && readCertificate(one) !== null;
  if (certificates.length > 0 && certificates.every(isFit)) return certificates as (T | string)[];
  problems.add(`\`${name}\` must be a list of certificates in ${forms}; leave it out to have none`);
  return [];
}
