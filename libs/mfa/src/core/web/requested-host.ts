import type { HttpRequest } from './http-message.js';
import { readHeader } from './http-message.js';

/** What frameworks say of a request, in the light of the proxies that the application trusts. */
interface FrameworkRequest extends HttpRequest {
  host?: unknown;
  protocol?: unknown;
  socket?: { encrypted?: boolean };
}

/** Host and port, as authority of a URL without user info (RFC 3986, section 3.2). */
const AUTHORITY = /^(?:[^\s/?#@\\:[\]]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/**
 * The host that the client asked, with its port where it is named: as the framework sees it, which believes
 * `X-Forwarded-Host` of trusted proxies only (Express's `trust proxy`, Fastify's `trustProxy`), else the Host header.
 */
export function hostOf(request: object): string | undefined {
  const { host } = request as FrameworkRequest;
  const asked =
    typeof host === 'string' ? host : (readHeader(request, 'host') ?? readHeader(request, ':authority'));
  return asked !== undefined && AUTHORITY.test(asked) ? asked : undefined;
}

/** Whether an address is on that host. Each may name the default port of the scheme, or leave it out. */
export function isOnHost({ protocol, host }: URL, asked: string): boolean {
  return URL.canParse(`${protocol}//${asked}`) && new URL(`${protocol}//${asked}`).host === host;
}

/** `https` or `http`, as the framework sees it, else as the connection is; undefined without either. */
export function protocolOf(request: object): string | undefined {
  const { protocol, socket } = request as FrameworkRequest;
  if (typeof protocol === 'string') return protocol;
  return socket && (socket.encrypted ? 'https' : 'http');
}
