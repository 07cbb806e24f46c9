import { Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { setHeader } from '../core/web/http-message.js';

/** Gives refusals their headers. There is no adapter here to translate them: they keep their English text. */
@Injectable()
export class ClaimsExceptionMapper implements Pick<MfaExceptionMapper, 'present'> {
  /** The exception as it is, its headers set; an unknown error is a refusal without any. */
  present(error: unknown, _request: object, response: object | undefined): Promise<unknown> {
    if (error instanceof MfaException) {
      setHeader(response, 'Cache-Control', 'no-store');
      for (const [name, value] of Object.entries(error.headers)) setHeader(response, name, value);
    }
    return Promise.resolve(error);
  }
}
