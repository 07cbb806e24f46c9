import { isOnHost } from './requested-host.js';

const BASE = 'http://same-origin.invalid';
const MAX_LENGTH = 2048;

/**
 * A path of the same origin to go on to, or null for anything else: another host in any spelling (`//evil`, `/\evil`,
 * `https:evil`), a scheme, control characters. What comes back is written anew by the URL parser that browsers use too
 * (WHATWG URL), so that there are no two readings of it.
 */
export function safeNext(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !/^\/(?![/\\])[^\p{Cc}\\]*$/u.test(value))
    return null;
  if (!URL.canParse(value, BASE)) return null;
  const { origin, pathname, search, hash } = new URL(value, BASE);
  const path = `${pathname}${search}${hash}`;
  // Dot segments can leave `//` at the beginning: `/.//evil`.
  return origin === BASE && !path.startsWith('//') ? path : null;
}

/** The path of the page that sent this request, when it is one of ours; for answers to what can't be repeated with GET. */
export function refererPath(referer: string | undefined, host: string | undefined): string | null {
  if (!referer || host === undefined || !URL.canParse(referer)) return null;
  const url = new URL(referer);
  return isOnHost(url, host) ? safeNext(`${url.pathname}${url.search}`) : null;
}
