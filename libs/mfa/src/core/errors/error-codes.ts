/** All machine-readable error codes, with their HTTP status and default English text. */
export const MFA_ERRORS = {
  invalid_request: { status: 400, message: 'The request is not valid.' },
  incorrect_code: { status: 400, message: 'Incorrect code.' },
  webauthn_failed: { status: 400, message: 'The security key or passkey could not be verified.' },
  unauthenticated: { status: 401, message: 'You are not signed in.' },
  session_expired: { status: 401, message: 'Your session has ended. Sign in again.' },
  mfa_required: { status: 401, message: 'Confirm with your second factor.' },
  reauthentication_required: { status: 401, message: 'Enter your password again to continue.' },
  mfa_enrollment_required: { status: 403, message: 'Set up two-factor authentication to continue.' },
  authenticator_locked: {
    status: 403,
    message: 'This factor is locked after too many failed attempts. Use another one.',
  },
  unverified_email: {
    status: 403,
    message: 'You cannot activate two-factor authentication until you have verified your email address.',
  },
  add_email_blocked: {
    status: 403,
    message: 'You cannot add an email address to an account protected by two-factor authentication.',
  },
  cross_origin: { status: 403, message: 'This request came from another site.' },
  not_found: { status: 404, message: 'Not found.' },
  already_enabled: { status: 409, message: 'This factor is already set up.' },
  credential_already_registered: { status: 409, message: 'This security key is already registered.' },
  cannot_delete_authenticator: { status: 409, message: 'You cannot deactivate two-factor authentication.' },
  cannot_suspend_authenticator: { status: 409, message: 'This factor cannot be reported as lost here.' },
  cannot_generate_recovery_codes: {
    status: 409,
    message: 'You cannot generate recovery codes without having two-factor authentication enabled.',
  },
  no_pending_setup: { status: 409, message: 'There is no setup to finish, or it has expired. Start again.' },
  conflict: {
    status: 409,
    message: 'Something else was changed at the same time, so nothing was saved. Try again.',
  },
  too_many_attempts: { status: 429, message: 'Too many attempts. Try again later.' },
  too_many_messages: { status: 429, message: 'Too many codes were requested. Try again later.' },
  message_not_sent: {
    status: 503,
    message: 'The code could not be sent. Try again, or use another factor.',
  },
  storage_unavailable: {
    status: 503,
    message: 'The service is not available at the moment. Try again later.',
  },
} as const satisfies Record<string, { status: number; message: string }>;

export type MfaErrorCode = keyof typeof MFA_ERRORS;
