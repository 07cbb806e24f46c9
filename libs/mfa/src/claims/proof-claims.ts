import { typeOfMethod, standsForSecondFactor } from '../core/policy/methods.js';
import type { AuthenticationMethod, AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';

/** One second factor in the private claim `mfa_proofs`: facts that `amr` has no values for. Facts not known to be true are left out. */
export interface MfaProofClaim {
  /** As in `proven`. */
  method: string;
  /** Seconds since the epoch. */
  at: number;
  /** The authenticator verified its user. */
  user_verified?: true;
  /** The key isn't syncable. */
  device_bound?: true;
  /** Its attestation was verified. */
  attested?: true;
}

/** Methods that this module never writes to this claim. */
const NO_SECOND_FACTOR: readonly string[] = ['pwd', 'trusted_device', 'mfa', 'mca'];

/** More second factors than any session has; a longer list is ignored. */
const MAX_PROOFS = 32;

/**
 * Builds the claim for these records; undefined if `amr`, `acr` and `mfa_at` say everything, that is for one proof without further facts.
 *
 * @param factsOf returns what is known about a record
 */
export function proofClaims(
  records: readonly AuthenticationRecord[],
  factsOf: (record: AuthenticationRecord) => MfaProofFacts,
): MfaProofClaim[] | undefined {
  const proofs = records.filter(standsForSecondFactor).map((record): MfaProofClaim => {
    const { userVerified, backupEligible, attested } = factsOf(record);
    return {
      method: record.method,
      // Rounded down, so that a proof may look older than it is but never newer.
      at: Math.floor(record.at / 1000),
      ...(userVerified === true ? { user_verified: true } : {}),
      ...(backupEligible === false ? { device_bound: true } : {}),
      ...(attested === true ? { attested: true } : {}),
    };
  });
  const saysMore = proofs.some((proof) => Object.keys(proof).length > 2);
  return saysMore || proofs.length > 1 ? proofs : undefined;
}

/** Reads the records of the claim; null if it is missing, or any part of it isn't what this module writes. */
export function readProofClaims(claim: unknown): AuthenticationRecord[] | null {
  if (!Array.isArray(claim) || claim.length === 0 || claim.length > MAX_PROOFS) return null;
  const records = (claim as unknown[]).map(readOne);
  if (!records.every((record) => record !== null)) return null;
  // If none of the methods are known here, the other claims say more.
  return (claim as { method: string }[]).some(({ method }) => isKnown(method)) ? records : null;
}

function readOne(proof: unknown): AuthenticationRecord | null {
  if (typeof proof !== 'object' || proof === null) return null;
  const { method, at, ...facts } = Object.fromEntries(Object.entries(proof)) as Record<string, unknown>;
  if (typeof method !== 'string' || NO_SECOND_FACTOR.includes(method)) return null;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at <= 0) return null;
  // A factor of the issuer's own counts, but isn't known here, so it doesn't fit routes that name a factor.
  if (!isKnown(method)) return { method: 'external', at: at * 1000 };
  return {
    method: method as AuthenticationMethod,
    at: at * 1000,
    ...(facts['user_verified'] === true ? { userVerified: true } : {}),
    ...(facts['device_bound'] === true ? { backupEligible: false } : {}),
    ...(facts['attested'] === true ? { attested: true } : {}),
  };
}

function isKnown(method: string): boolean {
  return method === 'external' || typeOfMethod(method as AuthenticationMethod) !== undefined;
}
