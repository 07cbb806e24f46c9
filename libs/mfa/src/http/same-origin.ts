import { MfaException } from '../errors/mfa-exception.js';
import type { HttpRequest } from './http-message.js';
import { readHeader } from './http-message.js';

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses a request that another site made a browser send. `Sec-Fetch-Site` decides, which no page can forge; without it,
 * as in older browsers, `Origin` must name the host that was asked. Clients that are no browsers send neither.
 *
 * @throws {MfaException} `cross_origin`
 */
export function assertSameOrigin(request: object): void {
  if (SAFE_METHODS.includes(((request as HttpRequest).method ?? 'POST').toUpperCase())) return;
  const site = readHeader(request, 'sec-fetch-site');
  if (site !== undefined) {
    if (site !== 'same-origin' && site !== 'none') throw new MfaException('cross_origin');
    return;
  }
  const origin = readHeader(request, 'origin');
  if (origin === undefined) return;
  // Compared by host: behind a proxy that ends TLS the server can't know the scheme for sure.
  if (!URL.canParse(origin) || new URL(origin).host !== readHeader(request, 'host')) {
    throw new MfaException('cross_origin');
  }
}
