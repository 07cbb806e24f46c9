import type { Type } from '@nestjs/common';

/**
 * How the session token travels in an application that has a place for it already: in its own server-side session, or in a claim of its
 * access token. The requests and responses are those of the framework, and of a WebSocket's handshake.
 */
export interface MfaSessionTransport {
  /** The token that comes with the request; null or undefined without one. Anything that is no token is none of ours. */
  read(request: object): string | null | undefined | Promise<string | null | undefined>;
  /** Keeps the token, in place of the one before. */
  write(request: object, response: object | undefined, token: string, expiresAt: Date): void | Promise<void>;
  /** Forgets the token. */
  clear(request: object, response: object | undefined): void | Promise<void>;
}

/** A transport, or a class of one, which Nest builds with the injections of its constructor. */
export type MfaSessionTransportOption = MfaSessionTransport | Type<MfaSessionTransport>;

/** The methods of a {@link MfaSessionTransport}. */
export const TRANSPORT_METHODS = ['read', 'write', 'clear'] as const;

/** Whether that has all that a transport needs. */
export function isTransport(given: unknown): given is MfaSessionTransport {
  return (
    typeof given === 'object' &&
    given !== null &&
    TRANSPORT_METHODS.every((method) => typeof Reflect.get(given, method) === 'function')
  );
}
