import type { HttpRequest } from './http-message.js';
import { readHeader } from './http-message.js';

/** What frameworks say about a request, considering the proxies that the application trusts. */
interface FrameworkRequest extends HttpRequest {
  host?: unknown;
  protocol?: unknown;
  socket?: { encrypted?: boolean };
}

/** Host and port: the authority of a URL without user info (RFC 3986, section 3.2). */
const AUTHORITY = /^(?:[^\s/?#@\\:[\]]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/**
 * The host the client requested, with its port if given. Taken from the framework, which believes `X-Forwarded-Host` only from
 * trusted proxies (Express's `trust proxy`, Fastify's `trustProxy`), or else from the Host header.
 */
export function hostOf(request: object): string | undefined {
  const { host } = request as FrameworkRequest;
  const asked =
    typeof host === 'string' ? host : (readHeader(request, 'host') ?? readHeader(request, ':authority'));
  return asked !== undefined && AUTHORITY.test(asked) ? asked : undefined;
}

/** Whether a URL is on that host. Either may include or omit the scheme's default port. */
export function isOnHost({ protocol, host }: URL, asked: string): boolean {
  return URL.canParse(`${protocol}//${asked}`) && new URL(`${protocol}//${asked}`).host === host;
}

/** `https` or `http` according to the framework, or else to the connection; undefined if neither tells. */
export function protocolOf(request: object): string | undefined {
  const { protocol, socket } = request as FrameworkRequest;
  if (typeof protocol === 'string') return protocol;
  return socket && (socket.encrypted ? 'https' : 'http');
}
