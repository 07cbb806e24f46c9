/**
 * COSE algorithms that are offered and accepted, in order of preference: ES256, EdDSA, RS256. Fixed, so that they don't depend on the
 * runtime.
 */
export const ALGORITHMS = [-7, -8, -257] as const;

/** How long a ceremony may take, in milliseconds (WebAuthn Level 3, section 15.1, recommends 5 to 10 minutes). */
export const CEREMONY_TIMEOUT_MS = 300_000;

/** What a ceremony is verified against. Everything comes from the options and the challenge, nothing from the request. */
export interface CeremonyPolicy {
  challenge: string;
  rpId: string;
  /** Exact origins. */
  origins: readonly string[];
  requireUserVerification: boolean;
  /** Whether the user must have touched the authenticator. Default: true. */
  requireUserPresence?: boolean;
}
