import type { ExceptionFilter } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { FILTER_CATCH_EXCEPTIONS } from '@nestjs/common/constants.js';
import { APP_FILTER, ApplicationConfig, ModulesContainer } from '@nestjs/core';

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
  constructor(
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  /** Must be called after the application has registered its own, and before routes are bound. */
  arrange(): void {
    // Nest asks the last filter first.
    sort(this.config.getGlobalFilters(), rankOfFilter);
    this.arrangeScopedFilters();
    // Outermost first.
    sort(this.config.getGlobalInterceptors(), (interceptor) =>
      interceptor === ASK_AGAIN_INTERCEPTOR ? 2 : interceptor === SEAL_ANSWER ? 0 : 1,
    );
  }

  /** Nest asks request-scoped filters before all others, so ours has to be among them, too. */
  private arrangeScopedFilters(): void {
    const scoped = this.config.getGlobalRequestFilters();
    const own = this.ownFilter();
    if (scoped.length === 0 || !own) return;
    if (!scoped.includes(own)) scoped.push(own);
    sort(scoped, ({ metatype }) => rankOfType(metatype));
  }

  private ownFilter(): ScopedFilter | undefined {
    return [...this.modules.values()]
      .flatMap(({ providers }) => [...providers.values()])
      .find(
        ({ token, metatype }) => metatype === MfaExceptionFilter && String(token).startsWith(APP_FILTER),
      ) as ScopedFilter | undefined;
  }
}

type ScopedFilter = ReturnType<ApplicationConfig['getGlobalRequestFilters']>[number];

/** Catch-all filters run after ours, and the application's filters for our exceptions run before it. */
function rankOfFilter(filter: ExceptionFilter | null | undefined): number {
  return rankOfType(filter?.constructor);
}

function rankOfType(type: unknown): number {
  if (typeof type !== 'function') return 0;
  if (type === MfaExceptionFilter) return 1;
  const caught = (Reflect.getMetadata(FILTER_CATCH_EXCEPTIONS, type) ?? []) as unknown[];
  return caught.some((one) => one === MfaException) ? 2 : 0;
}

/** Sorts in place and is stable. */
function sort<T>(enhancers: T[], rank: (enhancer: T) => number): void {
  enhancers.sort((one, other) => rank(one) - rank(other));
}
