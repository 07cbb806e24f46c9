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

/** Guards every page: prevents caching, requires the page's access level, and only accepts forms sent from the module's own pages. */
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

/** Turns a page handler's answer into HTML or a redirect. */
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

/** The decorators that all page controllers share. The path is set when the module is configured. */
export function MfaPages(): ClassDecorator {
  return applyDecorators(
    AnswersWith('page'),
    Undocumented(),
    // These routes have their own checks: users come here to add or prove the factor that the global guard requires.
    SkipMfa(),
    OwnAnswers(),
    UseGuards(PageGuard),
    UseInterceptors(PageInterceptor),
    UseFilters(PageExceptionFilter),
  );
}

/** The fields of the form. Unlike `@Body()`, the application's pipes can't change or reject its content. */
export const Form = createParamDecorator(
  (_: unknown, execution: ExecutionContext): FormBody =>
    execution.switchToHttp().getRequest<{ body?: FormBody | null }>().body ?? {},
);

/** The HTTP exchange that a flow reads from, and to which it sends the session. */
export const Exchange = createParamDecorator((_: unknown, execution: ExecutionContext): MfaHttpExchange => {
  const http = execution.switchToHttp();
  return { request: http.getRequest<object>(), response: http.getResponse<object>() };
});

/** A query parameter; null unless it is given exactly once. */
export const QueryText = createParamDecorator((name: string, execution: ExecutionContext): string | null => {
  const { query } = execution.switchToHttp().getRequest<{ query?: Record<string, unknown> }>();
  const value = query?.[name];
  return typeof value === 'string' ? value : null;
});
