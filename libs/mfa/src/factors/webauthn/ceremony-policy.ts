/** COSE algorithms that are offered and accepted, in order of preference: ES256, EdDSA, RS256. Fixed, so that the runtime decides nothing. */
export const ALGORITHMS = [-7, -8, -257] as const;

/** How long a ceremony may take, in milliseconds (WebAuthn Level 3, section 15.1 recommends 5 to 10 minutes). */
export const CEREMONY_TIMEOUT_MS = 300_000;

/** What a ceremony is verified against. All of it comes from the options and the challenge, nothing from the request. */
export interface CeremonyPolicy {
  challenge: string;
  rpId: string;
  /** Exact origins. */
  origins: readonly string[];
  requireUserVerification: boolean;
  /** Whether somebody must have touched it. Default: true. */
  requireUserPresence?: boolean;
}
