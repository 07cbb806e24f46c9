import { amrOfType, isFirstFactor, isVouchedFor, typeOfRecord } from '../core/policy/methods.js';
import type { AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';

/** Several factors were proven (RFC 8176, section 2). */
export const MULTI_FACTOR = 'mfa';

/** Several *channels* were used, which counts for nothing (RFC 8176, section 2). */
export const MULTI_CHANNEL = 'mca';

/** First factors that RFC 8176 calls by another name than `login`. */
const AMR_OF_FIRST_FACTOR: Readonly<Record<string, readonly string[]>> = {
  webauthn: ['pop'],
  kerberos: ['wia'],
  // Whatever it was is the identity provider's to say.
  federated: [],
  // Of one factor nobody may read several.
  [MULTI_FACTOR]: [],
  [MULTI_CHANNEL]: [],
};

/**
 * The `amr` values that a proven method stands for (RFC 8176, section 2), or null for what proves nothing to a third
 * party: a trusted device, which nobody authenticated with, and every method that is not named here.
 */
export function amrOfRecord(record: AuthenticationRecord, facts: MfaProofFacts): string[] | null {
  const { method } = record;
  // The identity provider vouches for several factors without naming them.
  if (isVouchedFor(record)) return [];
  if (isFirstFactor(record)) return [...(AMR_OF_FIRST_FACTOR[method] ?? [method])];
  const type = typeOfRecord(record);
  return type === undefined ? null : [...amrOfType(type, facts)];
}
