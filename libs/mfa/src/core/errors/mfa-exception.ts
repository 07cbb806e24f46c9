import { STATUS_CODES } from 'node:http';

import { HttpException } from '@nestjs/common';

import type { MfaNeeds } from '../policy/policy.js';
import type { MfaErrorCode } from './error-codes.js';
import { MFA_ERRORS } from './error-codes.js';

/**
 * Why a request was refused, where the code alone doesn't say.
 *
 * - `backup_eligibility_changed`: a key's backup eligibility differs from what it was at registration.
 * - `key_cloned`: there may be a copy of the key.
 * - `key_can_be_synced`: the profile only registers keys that stay on their device.
 * - `other_factor_needed`: the user has second factors, but none of them is accepted here.
 * - `factor_suspended`: the factor was reported as lost.
 */
export type MfaRefusalReason =
  | 'backup_eligibility_changed'
  | 'key_cloned'
  | 'key_can_be_synced'
  | 'other_factor_needed'
  | 'factor_suspended';

/** What a response carries besides its code. All of it is safe to show. */
export interface MfaErrorDetails {
  /** Replaces the text of the code; `invalid_request` lists the problems here. */
  message?: string | string[];
  /** Factor types that would be accepted. */
  methods?: readonly string[];
  /** The maximum age of the requested proof, in seconds. */
  maxAge?: number;
  /** What the proof must show, besides its type and age. */
  needs?: MfaNeeds;
  /** The requested level, by name (option `acr`). */
  acr?: string;
  /** Where to prove the first factor again: option `reauthenticateUrl`. */
  reauthenticateUrl?: string;
  /** An unknown passkey, in the format of `PublicKeyCredential.signalUnknownCredential()`. */
  unknownCredential?: { rpId: string; credentialId: string };
  /** The reason behind the code, if the user can do something about it; the message says what. */
  reason?: MfaRefusalReason;
  /** The progress of unlocking a locked authenticator app, if right codes can unlock it. */
  unlock?: { codesLeft: number; nextCodeAt: Date };
  /** Seconds until another attempt is accepted. */
  retryAfter?: number;
}

/**
 * How many seconds to wait before trying again when the database or a messenger doesn't respond (RFC 9110, section 15.6.4). The
 * actual time is unknown, but clients that return at once would keep it from recovering.
 */
const UNAVAILABLE_FOR = 5;

/**
 * Every refusal of this module. The body has Nest's format plus a stable `code`. The matching headers (RFC 9110, section
 * 11.6.1; RFC 6585, section 4; RFC 9110, section 10.2.3; RFC 9470, section 3) are in {@link headers}.
 */
export class MfaException extends HttpException {
  constructor(
    readonly code: MfaErrorCode,
    readonly details: MfaErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    const { status, message: usual } = MFA_ERRORS[code];
    const { message = usual, ...rest } = details;
    super({ statusCode: status, error: STATUS_CODES[status], message, code, ...rest }, status, options);
  }

  /** The response headers for this refusal. */
  get headers(): Record<string, string> {
    const headers: Record<string, string> = {};
    if (this.getStatus() === 401) headers['WWW-Authenticate'] = challenge(this.code, this.details);
    const retryAfter = this.details.retryAfter ?? (this.getStatus() === 503 ? UNAVAILABLE_FOR : undefined);
    if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
    return headers;
  }
}

function challenge(code: MfaErrorCode, { maxAge, acr }: MfaErrorDetails): string {
  // RFC 9470: the token is valid, but its authentication is too weak or too old. RFC 6750 has no other error for that.
  if (code === 'mfa_required' || code === 'reauthentication_required') {
    const age = maxAge === undefined ? '' : `, max_age=${maxAge}`;
    const level = acr === undefined ? '' : `, acr_values="${acr}"`;
    return `Bearer error="insufficient_user_authentication"${age}${level}`;
  }
  return code === 'session_expired' ? 'Bearer error="invalid_token"' : 'Bearer';
}
