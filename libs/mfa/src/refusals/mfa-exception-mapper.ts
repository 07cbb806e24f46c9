import { HttpException, Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { hasBegun, setHeader } from '../core/web/http-message.js';
import { RefusedRequests } from './refused-requests.js';

/** Gives refusals the adapter's text, and sets their headers on the response. */
@Injectable()
export class MfaExceptionMapper {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(RefusedRequests) private readonly refused: RefusedRequests,
  ) {}

  /** Returns the exception to throw instead; unknown errors are returned unchanged. */
  async present(error: unknown, request: object, response: object | undefined): Promise<unknown> {
    const exception = toMfaException(error);
    if (!exception) return error;
    this.refused.note(exception.code, request);
    if (!hasBegun(response)) {
      setHeader(response, 'Cache-Control', 'no-store');
      for (const [name, value] of Object.entries(exception.headers)) setHeader(response, name, value);
    }
    if (exception.details.message !== undefined) return exception;
    const { reason } = exception.details;
    const told: string | null | undefined = reason
      ? await this.adapter.getReasonMessage(reason, request)
      : await this.adapter.getErrorMessage(exception.code, request);
    // A translation may lack this text, and the compiler need not notice.
    const message = told ?? MFA_ERRORS[exception.code].message;
    return new MfaException(exception.code, { ...exception.details, message }, { cause: exception.cause });
  }
}

/** Our exceptions unchanged; any rejected body or parameter under our code, whoever rejected it. */
function toMfaException(error: unknown): MfaException | null {
  if (error instanceof MfaException) return error;
  if (!(error instanceof HttpException)) return null;
  return REFUSED_BODY.includes(error.getStatus()) ? invalidRequest(error.getResponse()) : null;
}

/**
 * Malformed, too large, or of an unsupported media type; and what a `ValidationPipe` of the application answers instead, by
 * `errorHttpStatusCode` or an `exceptionFactory` whose response has a shape of its own.
 */
const REFUSED_BODY: readonly number[] = [400, 406, 413, 415, 422];

/** The refusal of a malformed request; `message` lists the known problems. */
function invalidRequest(response: unknown): MfaException {
  const message = (response as { message?: unknown } | null)?.message;
  const problems = Array.isArray(message) ? message.filter((one) => typeof one === 'string') : [];
  return new MfaException('invalid_request', problems.length > 0 ? { message: problems } : {});
}
