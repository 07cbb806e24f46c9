import { amrOfType, isFirstFactor, isVouchedFor, typeOfRecord } from '../core/policy/methods.js';
import type { AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';

/** Several factors were proven (RFC 8176, section 2). */
export const MULTI_FACTOR = 'mfa';

/** Several *channels* were used, which proves nothing more (RFC 8176, section 2). */
export const MULTI_CHANNEL = 'mca';

/** First factors that have a different name in RFC 8176 than in `login`. */
const AMR_OF_FIRST_FACTOR: Readonly<Record<string, readonly string[]>> = {
  webauthn: ['pop'],
  kerberos: ['wia'],
  // Only the identity provider knows what it was.
  federated: [],
  // A single factor must not read as several.
  [MULTI_FACTOR]: [],
  [MULTI_CHANNEL]: [],
};

/**
 * Returns the `amr` values of a proven method (RFC 8176, section 2), or null if it proves nothing to a third party: a trusted device,
 * which doesn't authenticate anybody, and any method not listed here.
 */
export function amrOfRecord(record: AuthenticationRecord, facts: MfaProofFacts): string[] | null {
  const { method } = record;
  // The identity provider vouches for several factors without naming them.
  if (isVouchedFor(record)) return [];
  if (isFirstFactor(record)) return [...(AMR_OF_FIRST_FACTOR[method] ?? [method])];
  const type = typeOfRecord(record);
  return type === undefined ? null : [...amrOfType(type, facts)];
}
