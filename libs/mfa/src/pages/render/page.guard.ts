import type { ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import { MfaPolicyService } from '../../guard/mfa-policy.service.js';
import { accessOf, setRequestContext } from '../../guard/access.js';
import { setHeader } from '../../core/web/http-message.js';
import { MfaRouteGuard } from '../../guard/mfa-route.guard.js';
import { MfaRequestContextService } from '../../engine/sessions/request-context.service.js';
import { SessionTransport } from '../../engine/sessions/session-transport.js';
import { PageForms } from '../frame/page-forms.js';

/** Stands before every page: no caching, no one without the access, and no form but those that a page of ours sent. */
@Injectable()
export class PageGuard extends MfaRouteGuard {
  constructor(
    @Inject(MfaRequestContextService) contexts: MfaRequestContextService,
    @Inject(SessionTransport) transport: SessionTransport,
    @Inject(MfaPolicyService) policy: MfaPolicyService,
    @Inject(PageForms) private readonly forms: PageForms,
  ) {
    super(contexts, transport, policy);
  }

  override async canActivate(execution: ExecutionContext): Promise<boolean> {
    const http = execution.switchToHttp();
    const request = http.getRequest<{ method: string; body?: { _csrf?: unknown } }>();
    setHeader(http.getResponse<object>(), 'Cache-Control', 'no-store');
    this.transport.assertSameOrigin(request);
    const access = accessOf(execution);
    const context = await this.contexts.resolveAny(request, { withAccount: true });
    setRequestContext(request, context);
    if (access !== 'anyone') await this.assertAccess(access, context);
    if (request.method === 'POST') await this.forms.assertToken(request.body?._csrf, context);
    this.keepJudgement(execution, context);
    return true;
  }
}
