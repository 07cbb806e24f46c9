import { readCookies } from './http-message.js';

/** How many users of one browser fit in a cookie; the one who was longest absent is dropped first. */
const MAX_ENTRIES = 8;
const SEPARATOR = '.';

/**
 * Reads a cookie with one entry for each user of a browser, newest first. Empty if the cookie is malformed or occurs more than
 * once.
 */
export function readCookieList(
  request: object,
  name: string,
  isEntry: (text: string) => boolean,
): readonly string[] {
  const [value, ...others] = readCookies(request, name);
  if (others.length > 0) return [];
  const entries = value ? value.split(SEPARATOR, MAX_ENTRIES + 1) : [];
  return entries.length <= MAX_ENTRIES && entries.every(isEntry) ? entries : [];
}

/** Writes the value of such a cookie. */
export function writeCookieList(newest: string, others: readonly string[]): string {
  return [newest, ...others].slice(0, MAX_ENTRIES).join(SEPARATOR);
}
