// By its names of old: a bundle that leaves packages out may find the application's copy in place of this module's.
import type { SerializeOptions } from 'cookie';
import { parse, serialize } from 'cookie';

import { MfaException } from '../errors/mfa-exception.js';
import { hostOf, isOnHost, protocolOf } from './requested-host.js';

/** The parts of a request that this module reads; Express and Fastify both have them. */
export interface HttpRequest {
  method?: string;
  headers?: Record<string, string | string[] | undefined>;
}

/** The parts of a response that this module uses: Express's and Node's, or Fastify's. */
export interface HttpResponse {
  /** Express and Node: whether it has begun. */
  headersSent?: boolean;
  /** The same of Fastify, which also has Node's own response. */
  sent?: boolean;
  raw?: { headersSent?: boolean };
  setHeader?(name: string, value: string | string[]): unknown;
  getHeader?(name: string): number | string | string[] | undefined;
  header?(name: string, value: string | string[]): unknown;
}

/** A header of the request as one string, or undefined. */
export function readHeader(request: object, name: string): string | undefined {
  const value = (request as HttpRequest).headers?.[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Whether the request announces a body, as far as its headers tell (RFC 9112, section 6.3; RFC 9113, section 8.1). */
export function hasBody(request: object): boolean {
  if (readHeader(request, 'transfer-encoding') !== undefined) return true;
  const length = readHeader(request, 'content-length');
  if (length !== undefined) return length !== '0';
  // HTTP/2 needs no length: its stream says whether it ended with the headers.
  const { stream } = ((request as { raw?: object }).raw ?? request) as {
    stream?: { endAfterHeaders?: boolean };
  };
  return stream?.endAfterHeaders === false;
}

/**
 * The different values that the request has for a cookie. A browser sends several when it was set for several paths or
 * domains, as a sibling domain can, and which comes first says nothing of who set it (RFC 6265bis, section 5.8.3).
 */
export function readCookies(request: object, name: string): string[] {
  const pairs = readHeader(request, 'cookie')?.split(';') ?? [];
  const candidates = pairs.filter((pair) => pair.includes(name));
  const values = candidates.map((pair) => parse(pair)[name]).filter((value) => typeof value === 'string');
  return [...new Set(values)];
}

/** Whether the answer is under way, so that it takes no header any more. */
export function hasBegun(response: object | undefined): boolean {
  const { headersSent, sent, raw } = (response ?? {}) as HttpResponse;
  return Boolean(headersSent || sent || raw?.headersSent);
}

/** Sets a header; does nothing where there is no response, as in a message handler. */
export function setHeader(response: object | undefined, name: string, value: string): void {
  const target = response as HttpResponse | undefined;
  if (target?.setHeader) target.setHeader(name, value);
  else target?.header?.(name, value);
}

/** A cookie that scripts can't read. `maxAge` in seconds; 0 makes the browser forget it. */
export interface NewCookie extends Omit<SerializeOptions, 'httpOnly'> {
  name: string;
  value: string;
}

/** Adds a `Set-Cookie` header beside those that are there. */
export function addSetCookie(response: object | undefined, { name, value, ...attributes }: NewCookie): void {
  const line = serialize(name, value, { ...attributes, httpOnly: true });
  const target = response as HttpResponse | undefined;
  const present = target?.getHeader?.('set-cookie') ?? [];
  const cookies = [...(Array.isArray(present) ? present : [String(present)]), line];
  if (target?.setHeader) target.setHeader('set-cookie', cookies);
  // Fastify collects repeated Set-Cookie headers itself.
  else target?.header?.('set-cookie', line);
}

/** A credential, the deepest of what is sent here, has a handful of levels with all of its extensions. */
const MAX_DEPTH = 20;

/**
 * Whether objects and lists stand in each other no deeper than anything that is meant to be read here. What walks through
 * deeper ones by calling itself, such as class-transformer, runs out of stack.
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
 * The response that belongs to a request, as Express keeps it.
 *
 * @throws {Error} where the framework keeps none, as Fastify
 */
export function responseOf(request: object): object {
  const { res } = request as { res?: object };
  if (res) return res;
  throw new Error(
    'The new session token has to go into the response, which this request does not know: pass the response too',
  );
}

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

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses a request that another site made a browser send. `Sec-Fetch-Site` decides, which no page can forge; without it,
 * as in older browsers and over plain http, `Origin` must name the host that was asked. Clients that are no browsers send
 * neither.
 *
 * @param trustedOrigins other origins that may send it too, such as the option `trustedOrigins` of {@link MFA_OPTIONS}
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

/** Whether the origin is that of the host that was asked. */
function isAskedFor(origin: string, request: object): boolean {
  const host = hostOf(request);
  if (host === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  // The scheme is known for sure only when it is https: a proxy may have ended TLS without a word.
  if (url.protocol === 'http:' && protocolOf(request) === 'https') return false;
  return isOnHost(url, host);
}
