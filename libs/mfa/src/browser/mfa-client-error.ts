import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import type { MfaNeeds } from '../core/policy/policy.js';

/**
 * What the client itself reports:
 * - `ceremony_cancelled`: the user closed the browser's dialogue or let it time out, which browsers do not tell apart, or it was
 *   aborted
 * - `already_registered`: the key that the user presented is one of theirs already
 * - `not_supported`: this browser, or the authenticator, can't do what is asked for
 * - `ceremony_failed`: the browser refused the ceremony for another reason, a wrong relying party say; see `cause`
 * - `network`: no answer came; see `cause`
 * - `unexpected_answer`: what came is not from nestjs-mfa, a proxy's error page say
 */
export type MfaClientOnlyCode =
  | 'ceremony_cancelled'
  | 'already_registered'
  | 'not_supported'
  | 'ceremony_failed'
  | 'network'
  | 'unexpected_answer';

/** Every code of the HTTP API, and the client's own. */
export type MfaClientErrorCode = MfaErrorCode | MfaClientOnlyCode;

/** What a refusal carries besides its code. */
export interface MfaClientErrorDetails {
  /** `invalid_request`: each thing that is wrong. */
  problems?: readonly string[];
  /** Factor types that would do. */
  methods?: readonly MfaType[];
  /** Greatest age of the proof that is asked for, in seconds. */
  maxAge?: number;
  /** What the proof has to show besides: pass it on to `authenticateWithKey`. */
  needs?: MfaNeeds;
  /** The level that is asked for by name (option `acr`). */
  acr?: string;
  /** Where the first factor is proven again, when the server says. */
  reauthenticateUrl?: string;
  /** What lies behind the code, where the user can do something about it; the message says what. */
  reason?: MfaRefusalReason;
  /** Seconds until another attempt is accepted. */
  retryAfter?: number;
  /** A passkey that is not known to the server. */
  unknownCredential?: { rpId: string; credentialId: string };
  /** How a locked authenticator app opens, where right codes do it; `nextCodeAt` is an ISO 8601 text. */
  unlock?: { codesLeft: number; nextCodeAt: string };
}

/** Every failure of the client. Its message is the server's text where there is one, and can be shown. */
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
    /** The HTTP status; 0 where there was no answer. */
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
