/** What a ceremony has shown about the key behind a proof. An absent fact is unknown, and meets no requirement. */
export interface MfaProofFacts {
  /** The authenticator verified its user, by PIN or biometrics (flag UV; WebAuthn Level 3, section 6.1). */
  userVerified?: boolean;
  /** The credential can be synced to other devices (flag BE). */
  backupEligible?: boolean;
  /** It is currently synced (flag BS). */
  backedUp?: boolean;
  /** At registration, its attestation led to a configured root. */
  attested?: boolean;
}

/** Whether the key is known to be in hardware that it can't leave. */
export function isHardwareKey({ attested, backupEligible }: MfaProofFacts): boolean {
  return attested === true && backupEligible === false;
}
