import type { MfaErrorCode } from '../errors/error-codes.js';
import { MFA_ERRORS } from '../errors/error-codes.js';

export type MfaErrorMessages = Record<MfaErrorCode, string>;

/** The default texts by code. */
export const DEFAULT_ERROR_MESSAGES = Object.freeze(
  Object.fromEntries(Object.entries(MFA_ERRORS).map(([code, { message }]) => [code, message])),
) as Readonly<MfaErrorMessages>;
