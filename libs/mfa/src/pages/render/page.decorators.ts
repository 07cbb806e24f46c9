import type { ExecutionContext, CallHandler, NestInterceptor } from '@nestjs/common';
import {
  UseFilters,
  UseGuards,
  UseInterceptors,
  applyDecorators,
  createParamDecorator,
  Inject,
  Injectable,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { concatMap } from 'rxjs';

import { SkipMfa } from '../../guard/require-mfa.decorator.js';
import { AnswersWith } from '../../refusals/own-routes.js';
import { Undocumented } from '../../openapi/describe-route.js';
import { OwnAnswers } from '../../http/own-enhancers.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { FormBody } from '../frame/page-form.js';
import { PageExceptionFilter } from './page-exception.filter.js';
import { MfaPolicyService } from '../../guard/mfa-policy.service.js';
import { accessOf, MfaRouteGuard } from '../../guard/mfa-route.guard.js';
import { keepMfaRequest, mfaRequestOf } from '../../engine/rows/mfa-request.js';
import { setHeader } from '../../core/web/http-message.js';
import { MfaRequestService } from '../../engine/sessions/mfa-request.service.js';
import { SessionTransport } from '../../engine/sessions/session-transport.js';
import { CsrfTokens } from '../frame/page-form.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, seeOther } from '../frame/page-answer.js';
import { PageRenderer } from './page-renderer.js';

/** Stands before every page: no caching, no one without the access, and no form but those that a page of ours sent. */
@Injectable()
export class PageGuard extends MfaRouteGuard {
  constructor(
    @Inject(MfaRequestService) contexts: MfaRequestService,
    @Inject(SessionTransport) transport: SessionTransport,
    @Inject(MfaPolicyService) policy: MfaPolicyService,
    @Inject(CsrfTokens) private readonly csrf: CsrfTokens,
  ) {
    super(contexts, transport, policy);
  }

  override async canActivate(execution: ExecutionContext): Promise<boolean> {
    const http = execution.switchToHttp();
    const request = http.getRequest<{ method: string; body?: { _csrf?: unknown } }>();
    const response = http.getResponse<object>();
    setHeader(response, 'Cache-Control', 'no-store');
    this.transport.assertSameOrigin(request);
    const access = accessOf(execution);
    const context = await this.contexts.resolveAny(request, { withAccount: true, response, isUse: false });
    keepMfaRequest(request, context);
    if (access !== 'anyone') await this.assertAccess(access, context);
    if (request.method === 'POST') await this.csrf.assertToken(request.body?._csrf, context);
    this.keepJudgement(execution, context);
    return true;
  }
}

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
          return this.renderer.render(answer, mfaRequestOf(http.getRequest()) as MfaRequest, response);
        }
        seeOther(response, answer.location);
        return '';
      }),
    );
  }
}

/** What all page controllers have in common. The path is given when the module is set up. */
export function MfaPages(): ClassDecorator {
  return applyDecorators(
    AnswersWith('page'),
    Undocumented(),
    // These routes decide themselves: here one gets the factor that the global guard asks for.
    SkipMfa(),
    OwnAnswers(),
    UseGuards(PageGuard),
    UseInterceptors(PageInterceptor),
    UseFilters(PageExceptionFilter),
  );
}

/** The fields of the form. Not `@Body()`, whose content the application's own pipes could change or refuse. */
export const Form = createParamDecorator(
  (_: unknown, execution: ExecutionContext): FormBody =>
    execution.switchToHttp().getRequest<{ body?: FormBody | null }>().body ?? {},
);

/** The HTTP exchange that a flow reads from and hands its session to. */
export const Exchange = createParamDecorator((_: unknown, execution: ExecutionContext): MfaHttpExchange => {
  const http = execution.switchToHttp();
  return { request: http.getRequest<object>(), response: http.getResponse<object>() };
});

/** One value of the query, when it is there once. */
export const QueryText = createParamDecorator((name: string, execution: ExecutionContext): string | null => {
  const { query } = execution.switchToHttp().getRequest<{ query?: Record<string, unknown> }>();
  const value = query?.[name];
  return typeof value === 'string' ? value : null;
});
