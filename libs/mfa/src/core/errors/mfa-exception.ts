import { STATUS_CODES } from 'node:http';

import { HttpException } from '@nestjs/common';

import type { MfaNeeds } from '../policy/policy.js';
import type { MfaErrorCode } from './error-codes.js';
import { MFA_ERRORS } from './error-codes.js';

/**
 * `backup_eligibility_changed`: a key can be synced now and could not when it was registered, or the other way round;
 * `key_cloned`: there may be a copy of the key; `key_can_be_synced`: the profile registers only keys that stay on their device; `other_factor_needed`: the user has second factors, and none of them will do here;
 * `factor_suspended`: it was reported as lost.
 */
export type MfaRefusalReason =
  | 'backup_eligibility_changed'
  | 'key_cloned'
  | 'key_can_be_synced'
  | 'other_factor_needed'
  | 'factor_suspended';

/** What an answer carries besides its code; all of it is safe to show. */
export interface MfaErrorDetails {
  /** Replaces the text of the code: `invalid_request` lists here what is wrong. */
  message?: string | string[];
  /** Factor types that would do. */
  methods?: readonly string[];
  /** Greatest age of the proof that is asked for, in seconds. */
  maxAge?: number;
  /** What the proof has to show, beside being of one of these types and young enough. */
  needs?: MfaNeeds;
  /** The level that is asked for by name (option `acr`). */
  acr?: string;
  /** Where the first factor is proven again: option `reauthenticateUrl`. */
  reauthenticateUrl?: string;
  /** A passkey that is not known here, as `PublicKeyCredential.signalUnknownCredential()` takes it. */
  unknownCredential?: { rpId: string; credentialId: string };
  /** What lies behind the code, where the user can do something about it; the message says what. */
  reason?: MfaRefusalReason;
  /** How a locked authenticator app opens, where right codes do it. */
  unlock?: { codesLeft: number; nextCodeAt: Date };
  /** Seconds until another attempt is accepted. */
  retryAfter?: number;
}

/**
 * After how many seconds to try again where the database or a messenger does not answer (RFC 9110, section 15.6.4): nobody knows how
 * long that will be, but clients that come back at once would keep it from recovering.
 */
const UNAVAILABLE_FOR = 5;

/**
 * Every refusal of this module. The body is Nest's shape with a stable `code`; the headers that go with it (RFC 9110,
 * section 11.6.1; RFC 6585, section 4; RFC 9110, section 10.2.3; RFC 9470, section 3) are in {@link headers}.
 */
export class MfaException extends HttpException {
  constructor(
    readonly code: MfaErrorCode,
    readonly details: MfaErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    const { status, message } = MFA_ERRORS[code];
    super({ statusCode: status, error: STATUS_CODES[status], message, code, ...details }, status, options);
  }

  /** The response headers that this refusal calls for. */
  get headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.getStatus() === 401) headers['WWW-Authenticate'] = challenge(this.code, this.details);
    const retryAfter = this.details.retryAfter ?? (this.getStatus() === 503 ? UNAVAILABLE_FOR : undefined);
    if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
    return headers;
  }
}

function challenge(code: MfaErrorCode, { maxAge, acr }: MfaErrorDetails): string {
  // RFC 9470: a valid token whose authentication is too weak or too old; RFC 6750 has no other error for it.
  if (code === 'mfa_required' || code === 'reauthentication_required') {
    const age = maxAge === undefined ? '' : `, max_age=${maxAge}`;
    const level = acr === undefined ? '' : `, acr_values="${acr}"`;
    return `Bearer error="insufficient_user_authentication"${age}${level}`;
  }
  return code === 'session_expired' ? 'Bearer error="invalid_token"' : 'Bearer';
}
