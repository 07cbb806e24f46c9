import { MfaException } from '../../core/errors/mfa-exception.js';

/**
 * What a key is for. `second_factor`: used after a password. `passwordless`: signs in by itself, while the password keeps working without
 * it. `both`: both of these.
 */
export const CREDENTIAL_ROLES = ['second_factor', 'passwordless', 'both'] as const;
export type WebAuthnCredentialRole = (typeof CREDENTIAL_ROLES)[number];

/** What a registration requests. */
export interface WebAuthnRoleRequest {
  /** Whether the key will sign in by itself: discoverable, and with user verification. */
  passwordless?: boolean | undefined;
  /** Default: `both` with `passwordless`, `passwordless` with `automatic`, else `second_factor`. */
  role?: WebAuthnCredentialRole | undefined;
  /** Whether the browser creates a passkey without asking the user (conditional create; WebAuthn Level 3, section 5.1.3). */
  automatic?: boolean | undefined;
}

/** @throws {MfaException} `invalid_request` if the fields contradict each other */
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
  // Users who weren't asked must not owe a second factor at the next sign-in because of it.
  if (automatic && ((role ?? 'passwordless') !== 'passwordless' || passwordless === false)) {
    throw new MfaException('invalid_request', {
      message: ['a key that is made automatically has the role passwordless'],
    });
  }
  return role ?? (automatic ? 'passwordless' : passwordless ? 'both' : 'second_factor');
}
