import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { concatMap } from 'rxjs';

import { requestContextOf } from '../../engine/rows/mfa-request.js';
import type { MfaRequestContext } from '../../engine/rows/mfa-request.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect } from '../frame/page-answer.js';
import { PageRenderer } from './page-renderer.js';
import { seeOther } from '../frame/see-other.js';

/** Turns what a page's handler answers into HTML, or into a redirect. */
@Injectable()
export class PageInterceptor implements NestInterceptor<PageAnswer, string> {
  constructor(@Inject(PageRenderer) private readonly renderer: PageRenderer) {}

  intercept(execution: ExecutionContext, next: CallHandler<PageAnswer>): Observable<string> {
    const http = execution.switchToHttp();
    const response = http.getResponse<object>();
    return next.handle().pipe(
      concatMap(async (answer) => {
        if (!(answer instanceof PageRedirect)) {
          return this.renderer.render(
            answer,
            requestContextOf(http.getRequest()) as MfaRequestContext,
            response,
          );
        }
        seeOther(response, answer.location);
        return '';
      }),
    );
  }
}
