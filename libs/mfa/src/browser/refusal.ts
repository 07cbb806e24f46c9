import type { MfaErrorCode } from '../core/errors/error-codes.js';
import type { MfaClientErrorDetails } from './mfa-client-error.js';
import { MfaClientError } from './mfa-client-error.js';

type Refusal = { code: MfaErrorCode; message: string | string[] } & Omit<MfaClientErrorDetails, 'problems'>;

/**
 * Turns a refusal into an error. Codes that this version doesn't know yet are passed through.
 *
 * @param body the response body, parsed if it is JSON
 */
export function toRefusal({ status, statusText, headers }: Response, body: unknown): MfaClientError {
  const seconds = Number(headers.get('retry-after'));
  if (!isRefusal(body)) {
    const details = seconds > 0 ? { retryAfter: seconds } : {};
    return new MfaClientError('unexpected_answer', statusText || `HTTP ${status}`, status, details);
  }
  const { code, message, retryAfter, methods, maxAge, needs, acr } = body;
  const { reauthenticateUrl, reason, unknownCredential, unlock } = body;
  const details: MfaClientErrorDetails = {
    problems: Array.isArray(message) ? message : undefined,
    methods,
    maxAge,
    needs,
    acr,
    reauthenticateUrl,
    reason,
    retryAfter: retryAfter ?? (seconds > 0 ? seconds : undefined),
    unknownCredential,
    unlock,
  };
  return new MfaClientError(code, Array.isArray(message) ? message.join(', ') : message, status, details);
}

function isRefusal(body: unknown): body is Refusal {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string';
}

/** Reads the body of a response: parsed if it is JSON, otherwise the text, undefined if empty. */
export async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
