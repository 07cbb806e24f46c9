import { readMfaClaims } from './read-mfa-claims.js';

/**
 * Reads from an identity provider's verified ID token when it asked for several factors: `amr` contains `mfa` (RFC 8176, section 2), and
 * `auth_time` says when (OpenID Connect Core 1.0, section 2). Of several proofs the newest counts, as in a session. Returns false if the
 * token doesn't say so: a missing claim is no evidence (ASVS v5.0.0-6.8.4). Meant for `trustExternalMfa` in the adapter.
 */
export function readExternalMfa(claims: unknown): Date | false {
  const moments = (readMfaClaims(claims)?.records ?? []).map(({ at }) => at);
  return moments.length > 0 ? new Date(Math.max(...moments)) : false;
}
