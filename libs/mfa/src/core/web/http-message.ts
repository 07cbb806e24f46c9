// Imported by its old names: a bundle that excludes packages may resolve to the application's copy instead of this module's.
import type { SerializeOptions } from 'cookie';
import { parse, serialize } from 'cookie';

import { MfaException } from '../errors/mfa-exception.js';
import { hostOf, isOnHost, protocolOf } from './requested-host.js';

/** The parts of a request that this module reads, common to Express and Fastify. */
export interface HttpRequest {
  method?: string;
  headers?: Record<string, string | string[] | undefined>;
}

/** The parts of a response that this module uses, of Express and Node, or of Fastify. */
export interface HttpResponse {
  /** Express and Node: whether the headers were sent. */
  headersSent?: boolean;
  /** The same for Fastify, which also exposes Node's response. */
  sent?: boolean;
  raw?: { headersSent?: boolean };
  setHeader?(name: string, value: string | string[]): unknown;
  getHeader?(name: string): number | string | string[] | undefined;
  header?(name: string, value: string | string[]): unknown;
}

/** A request header as a single string, or undefined. */
export function readHeader(request: object, name: string): string | undefined {
  const value = (request as HttpRequest).headers?.[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Whether the request has a body, according to its headers (RFC 9112, section 6.3; RFC 9113, section 8.1). */
export function hasBody(request: object): boolean {
  if (readHeader(request, 'transfer-encoding') !== undefined) return true;
  const length = readHeader(request, 'content-length');
  if (length !== undefined) return length !== '0';
  // HTTP/2 requires no length: the stream tells whether it ended with the headers.
  const { stream } = ((request as { raw?: object }).raw ?? request) as {
    stream?: { endAfterHeaders?: boolean };
  };
  return stream?.endAfterHeaders === false;
}

/**
 * The distinct values that the request has for a cookie. A browser sends several if it was set for several paths or domains,
 * which a sibling domain can do, and their order doesn't tell who set which (RFC 6265bis, section 5.8.3).
 */
export function readCookies(request: object, name: string): string[] {
  const pairs = readHeader(request, 'cookie')?.split(';') ?? [];
  const candidates = pairs.filter((pair) => pair.includes(name));
  const values = candidates.map((pair) => parse(pair)[name]).filter((value) => typeof value === 'string');
  return [...new Set(values)];
}

/** Whether the response was started, so that headers can no longer be set. */
export function hasBegun(response: object | undefined): boolean {
  const { headersSent, sent, raw } = (response ?? {}) as HttpResponse;
  return Boolean(headersSent || sent || raw?.headersSent);
}

/** Sets a header. Does nothing if there is no response, as in a message handler. */
export function setHeader(response: object | undefined, name: string, value: string): void {
  const target = response as HttpResponse | undefined;
  if (target?.setHeader) target.setHeader(name, value);
  else target?.header?.(name, value);
}

/** A cookie that scripts can't read. `maxAge` is in seconds; 0 deletes the cookie. */
export interface NewCookie extends Omit<SerializeOptions, 'httpOnly'> {
  name: string;
  value: string;
}

/** Adds a `Set-Cookie` header to those already set. */
export function addSetCookie(response: object | undefined, { name, value, ...attributes }: NewCookie): void {
  const line = serialize(name, value, { ...attributes, httpOnly: true });
  const target = response as HttpResponse | undefined;
  const present = target?.getHeader?.('set-cookie') ?? [];
  const cookies = [...(Array.isArray(present) ? present : [String(present)]), line];
  if (target?.setHeader) target.setHeader('set-cookie', cookies);
  // Fastify collects repeated Set-Cookie headers itself.
  else target?.header?.('set-cookie', line);
}

/** The most deeply nested input, a credential, has a handful of levels including all of its extensions. */
const MAX_DEPTH = 20;

/**
 * Whether objects and arrays are nested no deeper than any legitimate input. Recursive code such as class-transformer overflows
 * the stack on deeper ones.
 */
export function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    );
    if (level.length === 0) return true;
  }
  return false;
}

/**
 * The response that belongs to a request, as Express stores it.
 *
 * @throws {Error} when the framework doesn't store it, like Fastify
 */
export function responseOf(request: object): object {
  const { res } = request as { res?: object };
  if (res) return res;
  throw new Error(
    'The new session token has to be set on the response, which the request does not refer to: pass the response too',
  );
}

/** What determines the prefix a cookie can have. */
export interface CookieScope {
  secure: boolean;
  domain?: string | undefined;
  path: string;
}

/**
 * Returns the cookie's name with the strongest possible prefix, replacing any prefix it already has (RFC 6265bis, section
 * 4.1.3). `__Host-` restricts the cookie to the host that set it, `__Secure-` to https. Neither a sibling domain nor anyone on
 * the network can plant it then.
 */
export function cookieName(name: string, { secure, domain, path }: CookieScope): string {
  const bare = name.replace(/^__(?:Host|Secure)-/i, '');
  if (!secure) return bare;
  return `${domain === undefined && path === '/' ? '__Host-' : '__Secure-'}${bare}`;
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses a request that another site made a browser send. `Sec-Fetch-Site` decides, which no page can forge. Without it, as in
 * older browsers and over plain http, `Origin` must match the requested host. Clients other than browsers send neither.
 *
 * @param trustedOrigins other origins that may send the request, such as the option `trustedOrigins` of {@link MFA_OPTIONS}
 * @throws {MfaException} `cross_origin`
 */
export function assertSameOrigin(request: object, trustedOrigins: readonly string[] = []): void {
  if (SAFE_METHODS.includes(((request as HttpRequest).method ?? 'POST').toUpperCase())) return;
  const origin = readHeader(request, 'origin');
  if (origin !== undefined && trustedOrigins.includes(origin)) return;
  const site = readHeader(request, 'sec-fetch-site');
  const isOwn =
    site === undefined
      ? origin === undefined || isAskedFor(origin, request)
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new MfaException('cross_origin');
}

/** Whether the origin belongs to the requested host. */
function isAskedFor(origin: string, request: object): boolean {
  const host = hostOf(request);
  if (host === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  // Only https is certain: a proxy may have terminated TLS without saying so.
  if (url.protocol === 'http:' && protocolOf(request) === 'https') return false;
  return isOnHost(url, host);
}
