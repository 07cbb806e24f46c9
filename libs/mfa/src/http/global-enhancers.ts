import type { ExceptionFilter } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { FILTER_CATCH_EXCEPTIONS } from '@nestjs/common/constants.js';
import { ApplicationConfig } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import { ASK_AGAIN_INTERCEPTOR } from '../guard/judgements.js';
import { MfaExceptionFilter } from '../refusals/mfa-exception.filter.js';
import { SEAL_ANSWER } from './own-enhancers.js';

/**
 * Orders this module's global enhancers among the application's. Nest keeps them in the order of imports and calls,
 * which must not decide whether our errors keep their code and our routes their responses.
 */
@Injectable()
export class GlobalEnhancers {
  constructor(@Inject(ApplicationConfig) private readonly config: ApplicationConfig) {}

  /** Must be called after the application has registered its own, and before routes are bound. */
  arrange(): void {
    // Nest asks the last filter first.
    sort(this.config.getGlobalFilters(), rankOfFilter);
    // Outermost first.
    sort(this.config.getGlobalInterceptors(), (interceptor) =>
      interceptor === ASK_AGAIN_INTERCEPTOR ? 2 : interceptor === SEAL_ANSWER ? 0 : 1,
    );
  }
}

/** Catch-all filters run after ours, and the application's filters for our exceptions run before it. */
function rankOfFilter(filter: ExceptionFilter | null | undefined): number {
  const type: unknown = filter?.constructor;
  if (typeof type !== 'function') return 0;
  if (type === MfaExceptionFilter) return 1;
  const caught = (Reflect.getMetadata(FILTER_CATCH_EXCEPTIONS, type) ?? []) as unknown[];
  return caught.some((one) => one === MfaException) ? 2 : 0;
}

/** Sorts in place and is stable. */
function sort<T>(enhancers: T[], rank: (enhancer: T) => number): void {
  enhancers.sort((one, other) => rank(one) - rank(other));
}
