import type { MfaType } from '../../core/policy/methods.js';
import { isSecondFactorType } from '../../core/policy/factor-traits.js';

/** The role of an authenticator that signs in without a password and is no second factor. */
export const PASSWORDLESS = 'passwordless';

/**
 * Whether having this one makes its user *enrolled*, so that a password alone signs in no more. Not so a passkey that was added for
 * convenience alone: who loses it signs in with the password as before.
 */
export function isSecondFactorRow({ type, role }: { type: MfaType; role?: string | null }): boolean {
  return isSecondFactorType(type) && role !== PASSWORDLESS;
}
