import { MfaException } from '../errors/mfa-exception.js';
import type { HttpRequest } from './http-message.js';
import { readHeader } from './http-message.js';
import { hostOf, isOnHost, protocolOf } from './requested-host.js';

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
