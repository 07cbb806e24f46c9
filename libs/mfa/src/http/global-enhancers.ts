import type { ExceptionFilter } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { FILTER_CATCH_EXCEPTIONS } from '@nestjs/common/constants.js';
import { ApplicationConfig } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import { ASK_AGAIN_INTERCEPTOR } from '../guard/judgements.js';
import { MfaExceptionFilter } from '../refusals/mfa-exception.filter.js';
import { SEAL_ANSWER } from './own-enhancers.js';

/**
 * Gives this module's global enhancers their place among the application's. Nest keeps them in the order in which modules are
 * imported and calls are made, and that must not decide whether our errors keep their code and our routes their answers.
 */
@Injectable()
export class GlobalEnhancers {
  constructor(@Inject(ApplicationConfig) private readonly config: ApplicationConfig) {}

  /** To be called when the application has named all of its own, and before its routes are bound. */
  arrange(): void {
    // The last is asked first.
    sort(this.config.getGlobalFilters(), rankOfFilter);
    // From the outside to the inside.
    sort(this.config.getGlobalInterceptors(), (interceptor) =>
      interceptor === ASK_AGAIN_INTERCEPTOR ? 2 : interceptor === SEAL_ANSWER ? 0 : 1,
    );
  }
}

/** What catches everything is asked after our filter; what the application has for our exceptions by name, before. */
function rankOfFilter(filter: ExceptionFilter | null | undefined): number {
  const type: unknown = filter?.constructor;
  if (typeof type !== 'function') return 0;
  if (type === MfaExceptionFilter) return 1;
  const caught = (Reflect.getMetadata(FILTER_CATCH_EXCEPTIONS, type) ?? []) as unknown[];
  return caught.some((one) => one === MfaException) ? 2 : 0;
}

/** In place, and leaving what has the same rank in its order. */
function sort<T>(enhancers: T[], rank: (enhancer: T) => number): void {
  enhancers.sort((one, other) => rank(one) - rank(other));
}
