import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';

import { MfaViewService } from './mfa-view.service.js';

/**
 * Puts the data of {@link MfaViewService} about the request's user where Express views find it: in `res.locals.mfa`, available in
 * templates as `mfa`. For handlers with `@Render()`: `@UseInterceptors(MfaViewInterceptor)`.
 */
@Injectable()
export class MfaViewInterceptor implements NestInterceptor {
  constructor(@Inject(MfaViewService) private readonly views: MfaViewService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const response = http.getResponse<{ locals?: Record<string, unknown> }>();
    response.locals = { ...response.locals, mfa: await this.views.dataOf(http.getRequest<object>()) };
    return next.handle();
  }
}
