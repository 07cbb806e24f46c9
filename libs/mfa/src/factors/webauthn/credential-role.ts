import { MfaException } from '../../core/errors/mfa-exception.js';

/**
 * What a key is for: `second_factor`, after a password; `passwordless`, to sign in by itself, while a password goes on signing in
 * without it; or `both`.
 */
export const CREDENTIAL_ROLES = ['second_factor', 'passwordless', 'both'] as const;
export type WebAuthnCredentialRole = (typeof CREDENTIAL_ROLES)[number];

/** What a registration is asked for. */
export interface WebAuthnRoleRequest {
  /** Whether the key is to sign in by itself: discoverable, and with user verification. */
  passwordless?: boolean | undefined;
  /** Default: `both` with `passwordless`, `passwordless` with `automatic`, else `second_factor`. */
  role?: WebAuthnCredentialRole | undefined;
  /** Whether the browser makes a passkey without asking its user (conditional create; WebAuthn Level 3, section 5.1.3). */
  automatic?: boolean | undefined;
}

/** @throws {MfaException} `invalid_request` when the parts contradict each other */
export function roleFor({
  passwordless,
  role,
  automatic = false,
}: WebAuthnRoleRequest): WebAuthnCredentialRole {
  if (role !== undefined && passwordless !== undefined && passwordless !== (role !== 'second_factor')) {
    throw new MfaException('invalid_request', {
      message: [`passwordless ${passwordless} and the role ${role} contradict each other`],
    });
  }
  // Whoever was not asked must not owe a second step at the next sign-in for it.
  if (automatic && ((role ?? 'passwordless') !== 'passwordless' || passwordless === false)) {
    throw new MfaException('invalid_request', {
      message: ['a key that is made automatically has the role passwordless'],
    });
  }
  return role ?? (automatic ? 'passwordless' : passwordless ? 'both' : 'second_factor');
}
