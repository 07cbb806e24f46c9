import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';

/** What the default hooks need. The module passes it to the adapter when the application boots. */
export interface MfaAdapterContext {
  options: ResolvedMfaOptions;
  keyRing: KeyRing;
  /** The user's authenticators, oldest first. */
  findAuthenticators(userId: string): Promise<Authenticator[]>;
}

/** The method that gives an adapter its context; a symbol, so that no subclass overrides it by accident. */
export const CONNECT_ADAPTER = Symbol.for('nestjs-mfa:CONNECT_ADAPTER');
