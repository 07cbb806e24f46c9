import type { Provider, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { MfaOptionsError } from '../../options/options-error.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

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

/** Injection token of the {@link MfaSessionTransport} of the application; null: cookie and header. */
export const MFA_OWN_TRANSPORT = Symbol.for('nestjs-mfa:OWN_TRANSPORT');

const METHODS = ['read', 'write', 'clear'] as const;

export const OWN_TRANSPORT_PROVIDER: Provider = {
  provide: MFA_OWN_TRANSPORT,
  inject: [MFA_OPTIONS, ModuleRef],
  useFactory: async ({ session }: ResolvedMfaOptions, modules: ModuleRef) => {
    const { transport } = session;
    if (typeof transport !== 'function') return transport;
    const made = await modules.create(transport);
    if (isTransport(made)) return made;
    throw new MfaOptionsError([
      `\`session.transport\`: ${transport.name} must have the methods ${METHODS.join(', ')}`,
    ]);
  },
};

/** Whether that has all that a transport needs. */
export function isTransport(given: unknown): given is MfaSessionTransport {
  return (
    typeof given === 'object' &&
    given !== null &&
    METHODS.every((method) => typeof Reflect.get(given, method) === 'function')
  );
}
