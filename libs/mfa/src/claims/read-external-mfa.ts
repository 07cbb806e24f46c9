import { readMfaClaims } from './read-mfa-claims.js';

/**
 * When an identity provider asked for several factors, from its verified ID token: `amr` holds `mfa` (RFC 8176, section 2) and
 * `auth_time` says when (OpenID Connect Core 1.0, section 2); of several proofs the newest counts, as in a session. False when it does not say so: a missing claim is no evidence
 * (ASVS v5.0.0-6.8.4). Made for `trustExternalMfa` of the adapter.
 */
export function readExternalMfa(claims: unknown): Date | false {
  const moments = (readMfaClaims(claims)?.records ?? []).map(({ at }) => at);
  return moments.length > 0 ? new Date(Math.max(...moments)) : false;
}
