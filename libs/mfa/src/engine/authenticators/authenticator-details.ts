import type { MfaType } from '../../core/policy/methods.js';

/** What a factor adds to the lists of authenticators, by the authenticator's id; nothing of it is secret. */
export interface AuthenticatorDetails {
  readonly type: MfaType;
  describe(userId: string): Promise<ReadonlyMap<string, object>>;
}

/** Injection token of all {@link AuthenticatorDetails}. */
export const AUTHENTICATOR_DETAILS = Symbol.for('nestjs-mfa:AUTHENTICATOR_DETAILS');
