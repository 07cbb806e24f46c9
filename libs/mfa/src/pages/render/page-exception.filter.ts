import { STATUS_CODES } from 'node:http';

import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, HttpException, Inject, Injectable, Logger, UnauthorizedException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { MfaRequest, mfaRequestOf } from '../../engine/rows/mfa-request.js';
import { setHeader } from '../../core/web/http-message.js';
import { MfaExceptionMapper } from '../../refusals/mfa-exception-mapper.js';
import { RefusedRequests } from '../../refusals/refused-requests.js';
import { BrowserRedirect } from '../../refusals/browser-redirect.js';
import { OldForms } from '../frame/old-forms.js';
import { show, seeOther } from '../frame/page-answer.js';
import type { OldForm } from '../frame/page-props.js';
import { PageRenderer } from './page-renderer.js';

/** Redirects refusals on the pages to where they can be resolved, and shows any other error on a page. */
@Injectable()
@Catch()
export class PageExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('MfaPages');

  constructor(
    @Inject(PageRenderer) private readonly renderer: PageRenderer,
    @Inject(MfaExceptionMapper) private readonly mapper: MfaExceptionMapper,
    @Inject(BrowserRedirect) private readonly redirects: BrowserRedirect,
    @Inject(OldForms) private readonly oldForms: OldForms,
    @Inject(RefusedRequests) private readonly refused: RefusedRequests,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    try {
      await this.answer(error, host);
    } catch (failure) {
      // Nest doesn't await filters: a rejection would leave the browser waiting and end the process.
      this.logger.error(failure);
      await this.giveUp(host.switchToHttp().getResponse<object>());
    }
  }

  private async answer(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<object>();
    const response = host.switchToHttp().getResponse<object>();
    // The pages are for browsers, whatever `Accept` says.
    const oldForm = error instanceof MfaException ? await this.oldForms.find(error, request) : null;
    const refusal = refusalOf(error);
    const location = refusal && oldForm === null ? this.redirects.locationFor(refusal, request) : null;
    if (location === null) {
      const html = await this.page(error, { request, response }, oldForm);
      return void (await this.adapterHost.httpAdapter.reply(response, html));
    }
    if (error instanceof MfaException) this.refused.note(error.code, request);
    seeOther(response, location);
    await this.adapterHost.httpAdapter.reply(response, '');
  }

  /** Sends the response of last resort, if not even the error page can be rendered because a layout or an adapter hook fails. */
  private async giveUp(response: object): Promise<void> {
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter.isHeadersSent(response)) return;
    setHeader(response, 'Content-Type', 'text/plain; charset=utf-8');
    setHeader(response, 'Cache-Control', 'no-store');
    await httpAdapter.reply(response, STATUS_CODES[500], 500);
  }

  private async page(
    error: unknown,
    { request, response }: { request: object; response: object },
    oldForm: OldForm | null,
  ): Promise<string> {
    const presented = await this.mapper.present(error, request, response);
    if (!(presented instanceof HttpException)) this.logger.error(error);
    const status = presented instanceof HttpException ? presented.getStatus() : 500;
    const retryAfter = presented instanceof MfaException ? presented.details.retryAfter : undefined;
    const props = {
      oldForm,
      message: presented instanceof HttpException ? messageOf(presented) : null,
      retryAt: retryAfter === undefined ? null : new Date(this.clock.now() + retryAfter * 1000),
    };
    const context = mfaRequestOf(request) ?? new MfaRequest(request);
    return this.renderer.render(show('error', props, { status, headers: {} }), context, response);
  }
}

/** The application's guards (option `routes.guards`) refuse with Nest's own exception. */
function refusalOf(error: unknown): MfaException | null {
  if (error instanceof MfaException) return error;
  return error instanceof UnauthorizedException ? new MfaException('unauthenticated') : null;
}

function messageOf(exception: HttpException): string {
  const { message } = exception.getResponse() as { message?: string | string[] };
  return [message ?? exception.message].flat().join('; ');
}
