import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import type { MfaNeeds } from '../core/policy/policy.js';

/**
 * Errors that the client itself reports:
 * - `ceremony_cancelled`: the user closed the browser's dialog or let it time out, which browsers don't distinguish, or
 *   it was aborted
 * - `already_registered`: the key that the user presented is already one of theirs
 * - `not_supported`: this browser or authenticator can't do what was requested
 * - `ceremony_failed`: the browser refused the ceremony for another reason, such as a wrong relying party; see `cause`
 * - `network`: there was no response; see `cause`
 * - `unexpected_answer`: the response isn't from nestjs-mfa, such as a proxy's error page
 */
export type MfaClientOnlyCode =
  | 'ceremony_cancelled'
  | 'already_registered'
  | 'not_supported'
  | 'ceremony_failed'
  | 'network'
  | 'unexpected_answer';

/** Every code of the HTTP API and the client's own. */
export type MfaClientErrorCode = MfaErrorCode | MfaClientOnlyCode;

/** What a refusal carries in addition to its code. */
export interface MfaClientErrorDetails {
  /** `invalid_request`: everything that is wrong with the request. */
  problems?: readonly string[];
  /** The factor types that would be accepted. */
  methods?: readonly MfaType[];
  /** Maximum age of the required proof, in seconds. */
  maxAge?: number;
  /** What else the proof must show: pass it to `authenticateWithKey`. */
  needs?: MfaNeeds;
  /** The name of the required level (option `acr`). */
  acr?: string;
  /** Where the user proves the first factor again, if the server gives it. */
  reauthenticateUrl?: string;
  /** The cause behind the code, if the user can do something about it; the message explains it. */
  reason?: MfaRefusalReason;
  /** Seconds until another attempt is accepted. */
  retryAfter?: number;
  /** A passkey that the server doesn't know. */
  unknownCredential?: { rpId: string; credentialId: string };
  /** How a locked authenticator app is unlocked, if correct codes can do it; `nextCodeAt` is an ISO 8601 timestamp. */
  unlock?: { codesLeft: number; nextCodeAt: string };
}

/** Every failure of the client. The message is the server's text if there is one, and can be shown to the user. */
export class MfaClientError extends Error implements MfaClientErrorDetails {
  override readonly name = 'MfaClientError';
  readonly problems?: readonly string[];
  readonly methods?: readonly MfaType[];
  readonly maxAge?: number;
  readonly needs?: MfaNeeds;
  readonly acr?: string;
  readonly reauthenticateUrl?: string;
  readonly reason?: MfaRefusalReason;
  readonly retryAfter?: number;
  readonly unknownCredential?: { rpId: string; credentialId: string };
  readonly unlock?: { codesLeft: number; nextCodeAt: string };

  constructor(
    readonly code: MfaClientErrorCode,
    message: string,
    /** The HTTP status; 0 if there was no response. */
    readonly status = 0,
    details: MfaClientErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    Object.assign(this, details);
  }
}

export function isMfaClientError(error: unknown, code?: MfaClientErrorCode): error is MfaClientError {
  return error instanceof MfaClientError && (code === undefined || error.code === code);
}
