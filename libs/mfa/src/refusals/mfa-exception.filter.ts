import type { ArgumentsHost } from '@nestjs/common';
import { Catch, Inject, Injectable, Logger } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { from, mergeMap } from 'rxjs';

import { MfaException } from '../core/errors/mfa-exception.js';
import { BrowserRedirect } from './browser-redirect.js';
import { MfaExceptionMapper } from './mfa-exception-mapper.js';
import { answerMessage } from './refused-message.filter.js';
import { presentIn } from './transport-exceptions.js';

/**
 * Answers refusals with their text and headers, wherever in the application they were thrown. Nest asks it everywhere but
 * in gateways and in hybrid applications that do not inherit the configuration; name it there with `@UseFilters()`.
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
        // A field of GraphQL has no answer of its own: what is thrown becomes one of the errors of the whole.
        return presented.then((error) => Promise.reject(error as Error));
    }
  }

  /** Nest waits for no filter: what fails here would end the process. */
  private settle(answering: Promise<void>): void {
    answering.catch((failure: unknown) => this.failures.error(failure));
  }

  private answerHttp(presented: unknown, exception: MfaException, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<object>();
    const location = this.locationFor(exception, host.switchToHttp().getRequest<object>());
    // What has begun to answer can be sent nowhere else; Nest ends it.
    if (location === null || httpAdapter.isHeadersSent(response)) return super.catch(presented, host);
    httpAdapter.redirect(response, 303, location);
  }

  /** Where to send a browser that was refused; null: it gets the answer that every client gets. */
  protected locationFor(exception: MfaException, request: object): string | null {
    return exception instanceof MfaException ? this.redirects.forBrowser(exception, request) : null;
  }
}

/** What could not be given its text is told with the default one: there is no status to fall back on. */
function refusal(presented: unknown, original: MfaException): MfaException {
  return presented instanceof MfaException ? presented : original;
}

/** On this module's own routes every refused body or parameter is one of ours, whoever refused it. */
@Injectable()
@Catch()
export class MfaRouteExceptionFilter extends MfaExceptionFilter {
  protected override locationFor(): null {
    return null;
  }
}
