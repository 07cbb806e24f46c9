import type { ServerResponse } from 'node:http';

import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { prefersHtml } from 'nestjs-mfa';
import type { Observable } from 'rxjs';
import { concatMap } from 'rxjs';

import { PageRenderer } from './page-renderer.js';
import { HTML_VIEW } from './page-metadata.js';
import type { PageComponent } from './page.js';
import { PageView, SeeOther, showPage } from './page.js';

/** Turns what handlers return into HTML or a redirect. API clients still get JSON from routes with an `@HtmlView()`. */
@Injectable()
export class PageInterceptor implements NestInterceptor {
  constructor(
    @Inject(PageRenderer) private readonly renderer: PageRenderer,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const request = http.getRequest<object>();
    const response = http.getResponse<ServerResponse>();
    const component = this.reflector.get<PageComponent | undefined>(HTML_VIEW, execution.getHandler());
    if (component) response.appendHeader('Vary', 'Accept');
    return next.handle().pipe(
      concatMap(async (answer: unknown) => {
        if (answer instanceof PageView) return this.renderer.render(answer, request, response);
        if (answer instanceof SeeOther) return seeOther(response, answer.location);
        if (!component || !prefersHtml(request)) return answer;
        return this.renderer.render(showPage(component, answer as object), request, response);
      }),
    );
  }
}

function seeOther(response: ServerResponse, location: string): string {
  response.statusCode = 303;
  response.setHeader('Location', location);
  response.setHeader('Cache-Control', 'no-store');
  return '';
}
