import type { ServerResponse } from 'node:http';

import type { ArgumentsHost } from '@nestjs/common';
import { Catch, HttpException, Inject, Logger, NotFoundException } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { MfaException, MfaExceptionFilter, prefersHtml } from 'nestjs-mfa';

import { PageRenderer } from './page-renderer.js';
import { showPage } from './page.js';
import { ErrorPage } from './templates/error.js';

/**
 * Shows refusals to browsers as a page, unless the library has a page that resolves them and redirects there. Other
 * clients get the same response as without this filter.
 */
@Catch()
export class PageErrorFilter extends MfaExceptionFilter {
  private readonly logger = new Logger('DemoPages');

  @Inject(PageRenderer)
  private readonly renderer!: PageRenderer;

  @Inject(HttpAdapterHost)
  private readonly http!: HttpAdapterHost;

  override catch(exception: unknown, host: ArgumentsHost): unknown {
    const request = host.switchToHttp().getRequest<object>();
    const isMfa = exception instanceof MfaException;
    if (prefersHtml(request) && !(isMfa && this.locationFor(exception, request) !== null)) {
      return this.showError(exception, host);
    }
    return isMfa
      ? super.catch(exception, host)
      : new BaseExceptionFilter(this.http.httpAdapter).catch(exception, host);
  }

  private async showError(exception: unknown, host: ArgumentsHost): Promise<void> {
    if (!(exception instanceof HttpException)) this.logger.error(exception);
    const response = host.switchToHttp().getResponse<ServerResponse>();
    if (exception instanceof MfaException) {
      for (const [name, value] of Object.entries(exception.headers)) response.setHeader(name, value);
    }
    const status = exception instanceof HttpException ? exception.getStatus() : 500;
    const view = showPage(ErrorPage, { status, ...explanationOf(exception) }, status);
    const html = await this.renderer.renderError(view, host.switchToHttp().getRequest<object>(), response);
    await this.http.httpAdapter.reply(response, html);
  }
}

/** For URLs without a route, and therefore without a controller that has the other filter. */
@Catch(NotFoundException)
export class NotFoundPageFilter extends PageErrorFilter {}

function explanationOf(exception: unknown): { message: string | null; code: string | null } {
  if (!(exception instanceof HttpException)) return { message: null, code: null };
  const { message = exception.message } = exception.getResponse() as { message?: string | string[] };
  return {
    message: [message].flat().join('; '),
    code: exception instanceof MfaException ? exception.code : null,
  };
}
