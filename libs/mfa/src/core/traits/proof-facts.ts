/** What a ceremony has shown of the key behind a proof. What is not there is unknown, and meets no requirement. */
export interface MfaProofFacts {
  /** The authenticator verified its user, by PIN or biometrics (flag UV; WebAuthn Level 3, section 6.1). */
  userVerified?: boolean;
  /** The credential can be synced to other devices (flag BE). */
  backupEligible?: boolean;
  /** It is synced now (flag BS). */
  backedUp?: boolean;
  /** Its attestation led to a configured root when it was registered. */
  attested?: boolean;
}

/** Whether the key is known to sit in hardware that it can't leave. */
export function isHardwareKey({ attested, backupEligible }: MfaProofFacts): boolean {
  return attested === true && backupEligible === false;
}
