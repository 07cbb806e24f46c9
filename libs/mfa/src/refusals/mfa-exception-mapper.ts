import { HttpException, Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { hasBegun, setHeader } from '../core/web/http-message.js';
import { RefusedRequests } from './refused-requests.js';

/** Gives refusals the text that the adapter has for them, and the response the headers that belong to them. */
@Injectable()
export class MfaExceptionMapper {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(RefusedRequests) private readonly refused: RefusedRequests,
  ) {}

  /** The exception to throw in place of this one; an unknown error stays what it is. */
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
    const message = reason
      ? await this.adapter.getReasonMessage(reason, request)
      : await this.adapter.getErrorMessage(exception.code, request);
    return new MfaException(exception.code, { ...exception.details, message }, { cause: exception.cause });
  }
}

/** Ours as it is; a refused body or parameter, whoever refused it, under our code. */
function toMfaException(error: unknown): MfaException | null {
  if (error instanceof MfaException) return error;
  if (!(error instanceof HttpException)) return null;
  const status = error.getStatus();
  const response = error.getResponse();
  return REFUSED_BODY.includes(status) || isOfPipe(status, response) ? invalidRequest(response) : null;
}

/** Malformed, too large, and of a type that nobody reads. */
const REFUSED_BODY: readonly number[] = [400, 413, 415];

/** Whether a `ValidationPipe` of the application's has refused it under the status that it is set to (`errorHttpStatusCode`). */
function isOfPipe(status: number, response: unknown): boolean {
  const { message } = (response ?? {}) as { message?: unknown };
  return (status === 406 || status === 422) && Array.isArray(message);
}

/** The refusal of a malformed request, with what is known to be wrong in `message`. */
function invalidRequest(response: unknown): MfaException {
  const message = (response as { message?: unknown } | null)?.message;
  const problems = Array.isArray(message) ? message.filter((one) => typeof one === 'string') : [];
  return new MfaException('invalid_request', problems.length > 0 ? { message: problems } : {});
}
