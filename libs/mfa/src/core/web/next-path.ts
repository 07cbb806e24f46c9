import { isOnHost } from './requested-host.js';

const BASE = 'http://same-origin.invalid';
const MAX_LENGTH = 2048;

/**
 * Returns a path on the same origin to continue to, or null for anything else: another host in any spelling (`//evil`,
 * `/\evil`, `https:evil`), a scheme, control characters. The result is serialized by the URL parser that browsers use too
 * (WHATWG URL), so there is only one way to read it.
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

/**
 * The path of the page that sent this request, if it is on this host. For responses to requests that can't be repeated with
 * GET.
 */
export function refererPath(referer: string | undefined, host: string | undefined): string | null {
  if (!referer || host === undefined || !URL.canParse(referer)) return null;
  const url = new URL(referer);
  return isOnHost(url, host) ? safeNext(`${url.pathname}${url.search}`) : null;
}
