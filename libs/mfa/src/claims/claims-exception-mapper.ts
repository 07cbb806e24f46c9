import { Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { setHeader } from '../core/web/http-message.js';

/** Sets the headers of refusals. There is no adapter here to translate their text, so it stays in English. */
@Injectable()
export class ClaimsExceptionMapper implements Pick<MfaExceptionMapper, 'present'> {
  /** Returns the error unchanged, after setting the headers of an `MfaException`. */
  present(error: unknown, _request: object, response: object | undefined): Promise<unknown> {
    if (error instanceof MfaException) {
      setHeader(response, 'Cache-Control', 'no-store');
      for (const [name, value] of Object.entries(error.headers)) setHeader(response, name, value);
    }
    return Promise.resolve(error);
  }
}
