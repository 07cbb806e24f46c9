import type { ArgumentsHost } from '@nestjs/common';

import type { MfaErrorCode } from '../core/errors/error-codes.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import type { MfaErrorDetails } from '../core/errors/mfa-exception.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { findRequest, findResponse } from './find-request.js';
import type { MfaExceptionMapper } from './mfa-exception-mapper.js';

/** A refused message; filters can tell it from a refused request. */
export class MfaMessageException extends MfaException {}

/** A refused GraphQL field. GraphQL exposes `extensions`, which have the code; a field has no HTTP status. */
export class MfaGraphQLException extends MfaException {
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: MfaErrorCode, details: MfaErrorDetails, options?: { cause?: unknown }) {
    super(code, details, options);
    const { message, ...shown } = details;
    this.message = [message ?? MFA_ERRORS[code].message].flat().join('; ');
    this.extensions = { code, statusCode: this.getStatus(), ...shown };
    // A decision needs no stack trace, and Apollo exposes the stack outside production.
    this.stack = `${this.name}: ${this.message}`;
    // Nest's Apollo driver replaces our code with its own on any error that has a status.
    Object.defineProperty(this, 'status', { value: undefined });
  }

  override getStatus(): number {
    return MFA_ERRORS[this.code].status;
  }
}

/** What to throw in this context instead of the error: with its text and headers, in the form that clients see. */
export async function presentIn(
  host: ArgumentsHost,
  mapper: MfaExceptionMapper,
  error: unknown,
  request: object = findRequest(host) ?? { headers: {} },
): Promise<unknown> {
  const presented = await mapper.present(error, request, findResponse(host));
  if (!(presented instanceof MfaException)) return presented;
  const { code, details, cause } = presented;
  switch (host.getType<string>()) {
    case 'graphql':
      return new MfaGraphQLException(code, details, { cause });
    case 'ws':
    case 'rpc':
      return new MfaMessageException(code, details, { cause });
    default:
      return presented;
  }
}
