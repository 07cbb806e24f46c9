import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';

/** What the default hooks work with. The module hands it to the adapter when the application boots. */
export interface MfaAdapterContext {
  options: ResolvedMfaOptions;
  keyRing: KeyRing;
  /** The user's authenticators, oldest first. */
  findAuthenticators(userId: string): Promise<Authenticator[]>;
}

/** The method through which an adapter receives its context; a symbol, so that no subclass overrides it by accident. */
export const CONNECT_ADAPTER = Symbol.for('nestjs-mfa:CONNECT_ADAPTER');
