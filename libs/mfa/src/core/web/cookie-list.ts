import { readCookies } from './http-message.js';

/** Users of one browser for whom a cookie has room; the one who has not come for longest goes first. */
const MAX_ENTRIES = 8;
const SEPARATOR = '.';

/**
 * The entries of a cookie that has one for each user of a browser, the newest first. A cookie of another shape, or one that is there
 * several times, has none.
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

/** The value of such a cookie. */
export function writeCookieList(newest: string, others: readonly string[]): string {
  return [newest, ...others].slice(0, MAX_ENTRIES).join(SEPARATOR);
}
