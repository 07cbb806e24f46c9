import { traitsOf } from '../core/policy/factor-traits.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { isFirstFactor, typeOfRecord } from '../core/policy/methods.js';

/** What the application knows of the WebAuthn key behind a session; what it does not know it leaves out. */
export interface WebAuthnFacts {
  /** The key verified its user (UV) in this ceremony, as every passkey sign-in of this module demands. */
  userVerified?: boolean;
  /** BE: the key can be synced to other devices. */
  backupEligible?: boolean;
  /** Its attestation was verified up to a trust anchor of hardware keys. A statement that nobody anchored is none. */
  attested?: boolean;
}

/** Several factors were proven (RFC 8176, section 2). `mca` in the same list means several *channels* and counts for nothing. */
export const MULTI_FACTOR = 'mfa';

/** A recovery code. RFC 8176 has no value for it: this one is private to the module. */
export const RECOVERY_CODE = 'rc';

/** Phishing-resistant, and the same with a key in hardware: `acr` values of OpenID EAP ACR Values 1.0. */
export const PHISHING_RESISTANT = 'phr';
export const PHISHING_RESISTANT_HARDWARE = 'phrh';

/** Proof of possession of a key: kept anywhere (OpenID EAP), in hardware, in software (RFC 8176). */
export const KEY_VALUES: readonly string[] = ['pop', 'hwk', 'swk'];

/** First factors that RFC 8176 calls by another name than `login`. */
const AMR_OF_FIRST_FACTOR: Readonly<Record<string, readonly string[]>> = {
  webauthn: ['pop'],
  kerberos: ['wia'],
  // Whatever it was is the identity provider's to say.
  federated: [],
};

/**
 * The `amr` values that a proven method stands for (RFC 8176, section 2), or null for what proves nothing to a third
 * party: a trusted device, which nobody authenticated with, and every method that is not named here.
 */
export function amrOfRecord(record: AuthenticationRecord, key: WebAuthnFacts): string[] | null {
  const { method } = record;
  // The identity provider vouches for several factors without naming them.
  if (method === 'external') return [];
  if (isFirstFactor(record)) return [...(AMR_OF_FIRST_FACTOR[method] ?? [method])];
  const type = typeOfRecord(record);
  if (type === undefined) return null;
  if (type === 'webauthn') return [keyValue(key), 'user'];
  return [...(traitsOf(type)?.amr ?? [method])];
}

/** Whether the key is known to sit in hardware that it can't leave. */
export function isHardwareKey({ attested, backupEligible }: WebAuthnFacts): boolean {
  return attested === true && backupEligible === false;
}

function keyValue(key: WebAuthnFacts): string {
  if (isHardwareKey(key)) return 'hwk';
  return key.backupEligible === true ? 'swk' : 'pop';
}
