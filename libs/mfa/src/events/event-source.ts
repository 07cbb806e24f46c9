import { readHeader } from '../http/http-message.js';
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
    ip: typeof from === 'string' ? from.slice(0, 45) : null,
    userAgent: readUserAgent(request),
    sessionId,
  };
}

/** The request's user agent without control characters, which could forge lines of a log; null without one. */
export function readUserAgent(request: object): string | null {
  const userAgent = readHeader(request, 'user-agent')
    ?.replace(/\p{Cc}/gu, ' ')
    .trim();
  return userAgent ? userAgent.slice(0, MAX_USER_AGENT_LENGTH) : null;
}
