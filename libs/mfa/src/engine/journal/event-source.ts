import { readHeader } from '../../core/web/http-message.js';
import type { MfaActor } from './mfa-event.js';

/** Who did something, from where, and in which session. */
export interface EventSource {
  actor: MfaActor;
  ip: string | null;
  userAgent: string | null;
  sessionId: string | null;
}

/** Longest user agent that is kept. */
export const MAX_USER_AGENT_LENGTH = 255;

/** Longest address: IPv6 with an IPv4 part (INET6_ADDRSTRLEN of POSIX). */
const MAX_ADDRESS_LENGTH = 45;

/** Code of the application that has no request. */
export const APPLICATION_SOURCE: EventSource = {
  actor: { type: 'application', id: null },
  ip: null,
  userAgent: null,
  sessionId: null,
};

/** The parts of a request, or of a WebSocket's handshake, that say where it comes from. */
interface Traceable {
  ip?: string;
  address?: string;
  socket?: { remoteAddress?: string };
}

/** What a request of this user says of itself. */
export function sourceOfRequest(
  request: object,
  userId: string,
  sessionId: string | null = null,
): EventSource {
  const { ip, address, socket } = request as Traceable;
  const from = ip ?? address ?? socket?.remoteAddress;
  return {
    actor: { type: 'user', id: userId },
    // A proxy that is trusted may pass on what it was told, and Express does not look whether it is an address.
    ip: typeof from === 'string' ? printable(from, MAX_ADDRESS_LENGTH) : null,
    userAgent: readUserAgent(request),
    sessionId,
  };
}

/** The request's user agent; null without one. */
export function readUserAgent(request: object): string | null {
  return printable(readHeader(request, 'user-agent') ?? '', MAX_USER_AGENT_LENGTH);
}

/** The text without control characters, which could forge lines of a log; null when nothing is left. */
function printable(text: string, maxLength: number): string | null {
  return (
    text
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, maxLength) || null
  );
}
