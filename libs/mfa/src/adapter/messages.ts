import type { MfaErrorCode } from '../core/errors/error-codes.js';
import { ENGLISH } from '../i18n/en.js';

export type MfaErrorMessages = Record<MfaErrorCode, string>;

/** The default texts by code, in English. */
export const DEFAULT_MFA_ERROR_MESSAGES: Readonly<MfaErrorMessages> = ENGLISH.errors;
