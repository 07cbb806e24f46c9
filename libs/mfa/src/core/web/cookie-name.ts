/** What decides which prefix a cookie can have. */
export interface CookieScope {
  secure: boolean;
  domain?: string | undefined;
  path: string;
}

/**
 * The name of a cookie with the strongest prefix that it can have, in place of one that it was given (RFC 6265bis, section
 * 4.1.3): `__Host-` keeps it to the host that set it, `__Secure-` to https. So no sibling domain, and nobody on the network,
 * can plant it.
 */
export function cookieName(name: string, { secure, domain, path }: CookieScope): string {
  const bare = name.replace(/^__(?:Host|Secure)-/i, '');
  if (!secure) return bare;
  return `${domain === undefined && path === '/' ? '__Host-' : '__Secure-'}${bare}`;
}
