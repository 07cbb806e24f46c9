import type { ArgumentsHost } from '@nestjs/common';
import { Catch, Inject, Injectable, Logger } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { from, mergeMap } from 'rxjs';

import { MfaException } from '../core/errors/mfa-exception.js';
import { hasBegun, setHeader } from '../core/web/http-message.js';
import { BrowserRedirect } from './browser-redirect.js';
import { MfaExceptionMapper } from './mfa-exception-mapper.js';
import { answerMessage } from './refused-message.filter.js';
import { presentIn } from './transport-exceptions.js';

/**
 * Responds to refusals with their text and headers, wherever in the application they are thrown. Nest doesn't call it
 * in gateways, or in hybrid applications that don't inherit the configuration; add it there with `@UseFilters()`.
 */
@Injectable()
@Catch(MfaException)
export class MfaExceptionFilter extends BaseExceptionFilter {
  private readonly failures = new Logger(MfaExceptionFilter.name);

  constructor(
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(BrowserRedirect) protected readonly redirects: BrowserRedirect,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(exception: MfaException, host: ArgumentsHost): unknown {
    const presented = presentIn(host, this.mapper, exception).catch((failure: unknown) => failure);
    switch (host.getType<string>()) {
      case 'http':
        return this.settle(presented.then((error) => this.answerHttp(error, exception, host)));
      case 'ws':
        return this.settle(presented.then((error) => void answerMessage(refusal(error, exception), host)));
      case 'rpc':
        return from(presented).pipe(
          mergeMap((error) => answerMessage(refusal(error, exception), host) as Observable<never>),
        );
      default:
        // A GraphQL field has no response of its own: what is thrown becomes one of the errors of the whole response.
        return presented.then((error) => Promise.reject(error as Error));
    }
  }

  /** Nest doesn't await filters: an unhandled rejection here would end the process. */
  private settle(answering: Promise<void>): void {
    answering.catch((failure: unknown) => this.failures.error(failure));
  }

  private answerHttp(presented: unknown, exception: MfaException, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<object>();
    const location = this.locationFor(exception, host.switchToHttp().getRequest<object>());
    // A response that has started can't be redirected; Nest ends it.
    if (location === null || httpAdapter.isHeadersSent(response)) return super.catch(presented, host);
    httpAdapter.redirect(response, 303, location);
  }

  /** Where to redirect a refused browser; null to send the usual response. */
  protected locationFor(exception: MfaException, request: object): string | null {
    return exception instanceof MfaException ? this.redirects.forBrowser(exception, request) : null;
  }
}

/** If the mapper failed, the original exception keeps its default text: there is no status to fall back on. */
function refusal(presented: unknown, original: MfaException): MfaException {
  return presented instanceof MfaException ? presented : original;
}

/** On this module's own routes, every rejected body or parameter becomes one of our errors, whoever rejected it. */
@Injectable()
@Catch()
export class MfaRouteExceptionFilter extends MfaExceptionFilter {
  override catch(exception: MfaException, host: ArgumentsHost): unknown {
    const response = host.switchToHttp().getResponse<object>();
    // The route's guard sets it too, but a guard of the application may refuse before that one is asked.
    if (!hasBegun(response)) setHeader(response, 'Cache-Control', 'no-store');
    return super.catch(exception, host);
  }

  protected override locationFor(): null {
    return null;
  }
}
