import type { Type } from '@nestjs/common';

/**
 * Carries the session token in an application that already has a place for it, such as its own server-side session or a claim
 * of its access token. Requests and responses are those of the framework, or of a WebSocket handshake.
 */
export interface MfaSessionTransport {
  /**
   * Returns the token of the request, null or undefined if there is none. Anything that isn't a token of this module is
   * ignored.
   */
  read(request: object): string | null | undefined | Promise<string | null | undefined>;
  /** Stores the token, replacing the previous one. */
  write(request: object, response: object | undefined, token: string, expiresAt: Date): void | Promise<void>;
  /** Deletes the token. */
  clear(request: object, response: object | undefined): void | Promise<void>;
}

/** A transport, or a class that Nest instantiates with its dependencies. */
export type MfaSessionTransportOption = MfaSessionTransport | Type<MfaSessionTransport>;

/** The methods of a {@link MfaSessionTransport}. */
export const TRANSPORT_METHODS = ['read', 'write', 'clear'] as const;

/** Whether the value has all methods of a transport. */
export function isTransport(given: unknown): given is MfaSessionTransport {
  return (
    typeof given === 'object' &&
    given !== null &&
    TRANSPORT_METHODS.every((method) => typeof Reflect.get(given, method) === 'function')
  );
}
