import { typeOfMethod, standsForSecondFactor } from '../core/policy/methods.js';
import type { AuthenticationMethod, AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';

/**
 * One second factor of the private claim `mfa_proofs`: what `amr` has no words for. What is not known to be true is not there.
 */
export interface MfaProofClaim {
  /** As in `proven`. */
  method: string;
  /** Seconds since the epoch. */
  at: number;
  /** The authenticator verified its user. */
  user_verified?: true;
  /** The key can't be synced. */
  device_bound?: true;
  /** Its maker was attested. */
  attested?: true;
}

/** What this module never writes here. */
const NO_SECOND_FACTOR: readonly string[] = ['pwd', 'trusted_device', 'mfa', 'mca'];

/** More second factors than any session has; a longer list is none. */
const MAX_PROOFS = 32;

/**
 * The claim for these records; undefined where `amr`, `acr` and `mfa_at` say it all: one proof of which nothing more is known.
 *
 * @param factsOf what is known of a record
 */
export function proofClaims(
  records: readonly AuthenticationRecord[],
  factsOf: (record: AuthenticationRecord) => MfaProofFacts,
): MfaProofClaim[] | undefined {
  const proofs = records.filter(standsForSecondFactor).map((record): MfaProofClaim => {
    const { userVerified, backupEligible, attested } = factsOf(record);
    return {
      method: record.method,
      // Rounded down: a proof may look older than it is, never newer.
      at: Math.floor(record.at / 1000),
      ...(userVerified === true ? { user_verified: true } : {}),
      ...(backupEligible === false ? { device_bound: true } : {}),
      ...(attested === true ? { attested: true } : {}),
    };
  });
  const saysMore = proofs.some((proof) => Object.keys(proof).length > 2);
  return saysMore || proofs.length > 1 ? proofs : undefined;
}

/** The records behind the claim; null where it is not there or not what this module writes, all of it. */
export function readProofClaims(claim: unknown): AuthenticationRecord[] | null {
  if (!Array.isArray(claim) || claim.length === 0 || claim.length > MAX_PROOFS) return null;
  const records = (claim as unknown[]).map(readOne);
  if (!records.every((record) => record !== null)) return null;
  // Of one that names nothing which is known here, the other claims say more.
  return (claim as { method: string }[]).some(({ method }) => isKnown(method)) ? records : null;
}

function readOne(proof: unknown): AuthenticationRecord | null {
  if (typeof proof !== 'object' || proof === null) return null;
  const { method, at, ...facts } = Object.fromEntries(Object.entries(proof)) as Record<string, unknown>;
  if (typeof method !== 'string' || NO_SECOND_FACTOR.includes(method)) return null;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at <= 0) return null;
  // A factor of the issuer's own is one, though nobody here knows which: it fits no route that names one.
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
