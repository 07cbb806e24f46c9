import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import { isSameSnapshot, keepJudgement, snapshotOf } from './judgements.js';
import { MfaPolicyService } from './mfa-policy.service.js';
import type { MfaRequestContext } from '../engine/sessions/request-context.service.js';
import { MfaRequestContextService } from '../engine/sessions/request-context.service.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';
import type { RouteAccess } from './access.js';
import { accessOf, setRequestContext } from './access.js';
import { hasBody, readHeader, setHeader, isShallow } from '../core/web/http-message.js';

/** Stands before every JSON route of this module: no caching, no other site's requests, no one without the access. */
@Injectable()
export class MfaRouteGuard implements CanActivate {
  constructor(
    @Inject(MfaRequestContextService) protected readonly contexts: MfaRequestContextService,
    @Inject(SessionTransport) protected readonly transport: SessionTransport,
    @Inject(MfaPolicyService) protected readonly policy: MfaPolicyService,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const http = execution.switchToHttp();
    const request = http.getRequest<object>();
    setHeader(http.getResponse<object>(), 'Cache-Control', 'no-store');
    const access = accessOf(execution);
    // Where anyone may sign in, another site must not sign a browser in either.
    const isForgeable =
      access === 'anyone' ? !this.transport.usesHeader(request) : this.transport.isForgeable(request);
    if (isForgeable) this.transport.assertSameOrigin(request);
    assertJson(request);
    assertShallow(request);
    if (access === 'anyone') return true;

    const withAccount = access === 'authenticate' || access === 'recent';
    const context = await this.contexts.resolveAny(request, { withAccount });
    await this.assertAccess(access, context);
    setRequestContext(request, context);
    this.keepJudgement(execution, context);
    return true;
  }

  /** What a guard of the application's that comes later makes of the user is not what the routes would work with. */
  protected keepJudgement(execution: ExecutionContext, { request, user }: MfaRequestContext): void {
    const judged = snapshotOf(user);
    keepJudgement(execution, this, {
      stillHolds: async () =>
        isSameSnapshot(judged, snapshotOf((await this.contexts.resolveAny(request)).user)),
      judge: () => this.canActivate(execution),
    });
  }

  /** @throws {MfaException} `unauthenticated`, `session_expired`, or what is missing for a recent proof */
  protected async assertAccess(
    access: Exclude<RouteAccess, 'anyone'>,
    context: MfaRequestContext,
  ): Promise<void> {
    const hasAccess = {
      user: context.user !== null,
      recent: context.user !== null,
      authenticate: context.user !== null || context.session !== null,
      session: context.session !== null,
    }[access];
    if (!hasAccess) throw new MfaException(context.hasDeadToken ? 'session_expired' : 'unauthenticated');
    if (access === 'recent') await this.policy.assertRecent(context);
  }
}

/** Judged here, before the pipes: an application's own one comes first among those. */
function assertShallow(request: object): void {
  if (isShallow((request as { body?: unknown }).body)) return;
  throw new MfaException('invalid_request', { message: ['The body is nested too deep'] });
}

/**
 * A form or plain text can be sent by any page without a preflight; JSON can't (Fetch, section 4.9). Of a body that is not there
 * the type says nothing: clients send one out of habit.
 */
function assertJson(request: object): void {
  if (!hasBody(request)) return;
  const type = readHeader(request, 'content-type');
  if (type === undefined || /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) return;
  throw new MfaException('invalid_request', { message: ['The body must be application/json'] });
}
