import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable, SetMetadata, createParamDecorator } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { isSameSnapshot, keepJudgement, snapshotOf } from './judgements.js';
import { MfaPolicyService } from './mfa-policy.service.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';
import { mfaRequestOf, keepMfaRequest } from '../engine/rows/mfa-request.js';
import { hasBody, readHeader, setHeader, isShallow } from '../core/web/http-message.js';

/** Metadata key of {@link Access}. */
const ACCESS = 'nestjs-mfa:access';

/**
 * What a route of this module needs: a signed-in user; one whose proof is recent; one whose proof is recent enough to add a factor,
 * which is not the same under profiles; someone who is signed in or half so;
 * a session of any kind; or nothing.
 */
export type RouteAccess = 'user' | 'recent' | 'adding' | 'authenticate' | 'session' | 'anyone';

export const Access = (access: RouteAccess): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, access);

/** What is said of this handler itself. */
export const declaredAccess = (handler: object): RouteAccess | undefined =>
  Reflect.getMetadata(ACCESS, handler) as RouteAccess | undefined;

/**
 * What a route needs. An application's override of one of our handlers needs what ours does, and a handler that it adds to one
 * of our controllers a user.
 */
export function accessOf(execution: ExecutionContext): RouteAccess {
  const handler = execution.getHandler();
  let key: string | symbol | undefined;
  let prototype = execution.getClass().prototype as object | null;
  for (; prototype !== null; prototype = Reflect.getPrototypeOf(prototype)) {
    // By its key, since a decorator may have put another function in its place.
    key ??= Reflect.ownKeys(prototype).find((one) => methodOf(prototype, one) === handler);
    const method = key === undefined ? undefined : methodOf(prototype, key);
    const access = method && declaredAccess(method);
    if (access) return access;
  }
  // A handler that stands nowhere is nobody's override that we know of.
  return key === undefined ? 'recent' : 'user';
}

function methodOf(prototype: object | null, key: string | symbol): object | undefined {
  const value = prototype && (Object.getOwnPropertyDescriptor(prototype, key)?.value as unknown);
  return typeof value === 'function' ? value : undefined;
}

/** The request's user and session, as the route's guard found them. */
export const CurrentRequest = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  mfaRequestOf(execution.switchToHttp().getRequest()),
);

/** The signed-in user, on routes that need one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, execution: ExecutionContext): MfaUser =>
    mfaRequestOf(execution.switchToHttp().getRequest())?.user as MfaUser,
);

/** Stands before every JSON route of this module: no caching, no other site's requests, no one without the access. */
@Injectable()
export class MfaRouteGuard implements CanActivate {
  constructor(
    @Inject(MfaRequestService) protected readonly contexts: MfaRequestService,
    @Inject(SessionTransport) protected readonly transport: SessionTransport,
    @Inject(MfaPolicyService) protected readonly policy: MfaPolicyService,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const http = execution.switchToHttp();
    const request = http.getRequest<object>();
    const response = http.getResponse<object>();
    setHeader(response, 'Cache-Control', 'no-store');
    const access = accessOf(execution);
    // Where anyone may sign in, another site must not sign a browser in either.
    const isForgeable =
      access === 'anyone' ? !this.transport.usesHeader(request) : this.transport.isForgeable(request);
    if (isForgeable) this.transport.assertSameOrigin(request);
    assertJson(request);
    assertShallow(request);
    if (access === 'anyone') return true;

    const withAccount = access === 'authenticate' || access === 'recent' || access === 'adding';
    const context = await this.contexts.resolveAny(request, { withAccount, response, isUse: false });
    await this.assertAccess(access, context);
    keepMfaRequest(request, context);
    this.keepJudgement(execution, context);
    return true;
  }

  /** What a guard of the application's that comes later makes of the user is not what the routes would work with. */
  protected keepJudgement(execution: ExecutionContext, { request, user }: MfaRequest): void {
    const judged = snapshotOf(user);
    keepJudgement(execution, this, {
      stillHolds: async () =>
        isSameSnapshot(judged, snapshotOf((await this.contexts.resolveAny(request, { isUse: false })).user)),
      judge: () => this.canActivate(execution),
      noteUse: () => this.contexts.noteUse(request),
    });
  }

  /** @throws {MfaException} `unauthenticated`, `session_expired`, or what is missing for a recent proof */
  protected async assertAccess(access: Exclude<RouteAccess, 'anyone'>, context: MfaRequest): Promise<void> {
    const hasAccess = {
      user: context.user !== null,
      recent: context.user !== null,
      adding: context.user !== null,
      authenticate: context.user !== null || context.session !== null,
      session: context.session !== null,
    }[access];
    if (!hasAccess) throw new MfaException(context.hasDeadToken ? 'session_expired' : 'unauthenticated');
    if (access === 'recent') await this.policy.assertRecent(context);
    if (access === 'adding') await this.policy.assertRecent(context, 'adding');
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
