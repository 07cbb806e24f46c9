import type { Problems } from './problems.js';

/**
 * The option `trustedOrigins`: exactly what browsers send as `Origin` (RFC 6454, section 6.2).
 *
 * @param allowInsecure whether http on localhost is allowed
 */
export function resolveTrustedOrigins(
  problems: Problems,
  given: unknown,
  allowInsecure = true,
): readonly string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    problems.add('`trustedOrigins` must be a list of origins such as https://www.example.com');
    return [];
  }
  for (const origin of given as unknown[]) {
    const problem = problemOf(origin, allowInsecure);
    if (problem) problems.add(`\`trustedOrigins\` must not contain ${String(origin)}: ${problem}`);
  }
  return given as string[];
}

/** What is wrong with an origin, and the remedy; null if nothing is. */
function problemOf(origin: unknown, allowInsecure: boolean): string | null {
  if (origin === 'null')
    return 'any sandboxed frame or local file has this origin; list the https origin of the page';
  if (typeof origin !== 'string' || origin.includes('*'))
    return 'list each origin in full, without a wildcard';
  if (!URL.canParse(origin)) return 'it is not an origin such as https://www.example.com';
  const { origin: exact, protocol, hostname } = new URL(origin);
  const isAllowed =
    protocol === 'https:' || (allowInsecure && protocol === 'http:' && hostname === 'localhost');
  if (!isAllowed) return allowInsecure ? 'it must be https, or http on localhost' : 'it must be https';
  return exact === origin ? null : `write ${exact}, without a path, trailing slash or default port`;
}
