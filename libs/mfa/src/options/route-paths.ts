/** Not `.` or `..`: clients resolve these before they send a request, so such a route could never be reached. */
const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[\w.~-]+`;

/** A path that routes are mounted on, such as `mfa` or `/account/security`. */
export const ROUTE_PATH = new RegExp(`^/?${SEGMENT}(?:/${SEGMENT})*/?$`);

/** A path as browsers see it, such as `/app/account/security`, or `/` for the root. */
export const PUBLIC_PATH = new RegExp(`^(?:/${SEGMENT})*/?$`);
