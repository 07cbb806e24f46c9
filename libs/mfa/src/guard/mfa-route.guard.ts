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
 * What a route of this module requires: a signed-in user (`user`); one whose proof is recent (`recent`), or recent enough to
 * add a factor (`adding`), which differs under profiles; a user who is signed in or has a pending sign-in (`authenticate`); a
 * session of any kind (`session`), or one to end, which may be that of a user whom the adapter doesn't find (`ending`); or
 * nothing (`anyone`).
 */
export type RouteAccess = 'user' | 'recent' | 'adding' | 'authenticate' | 'session' | 'ending' | 'anyone';

export const Access = (access: RouteAccess): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, access);

/** The access declared on this handler itself. */
export const declaredAccess = (handler: object): RouteAccess | undefined =>
  Reflect.getMetadata(ACCESS, handler) as RouteAccess | undefined;

/**
 * What a route requires. An application's override of one of this module's handlers requires the same as the original, and a
 * handler that it adds to one of this module's controllers requires a user.
 */
export function accessOf(execution: ExecutionContext): RouteAccess {
  const handler = execution.getHandler();
  let key: string | symbol | undefined;
  let prototype = execution.getClass().prototype as object | null;
  for (; prototype !== null; prototype = Reflect.getPrototypeOf(prototype)) {
    // Looked up by key, since a decorator may have replaced the function.
    key ??= Reflect.ownKeys(prototype).find((one) => methodOf(prototype, one) === handler);
    const method = key === undefined ? undefined : methodOf(prototype, key);
    const access = method && declaredAccess(method);
    if (access) return access;
  }
  // A handler that isn't found on any class can't be recognized as an override, so the strictest access applies.
  return key === undefined ? 'recent' : 'user';
}

function methodOf(prototype: object | null, key: string | symbol): object | undefined {
  const value = prototype && (Object.getOwnPropertyDescriptor(prototype, key)?.value as unknown);
  return typeof value === 'function' ? value : undefined;
}

/** The request's user and session, as found by the route's guard. */
export const CurrentRequest = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  mfaRequestOf(execution.switchToHttp().getRequest()),
);

/** The signed-in user, on routes that require one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, execution: ExecutionContext): MfaUser =>
    mfaRequestOf(execution.switchToHttp().getRequest())?.user as MfaUser,
);

/**
 * Guards every JSON route of this module: responses aren't cached, and requests from other sites or without the required access
 * are refused.
 */
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

  /** If a later guard of the application changes the user, the routes must not go on with the one that was judged. */
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
      ending: context.session !== null || context.orphan !== null,
    }[access];
    if (!hasAccess) throw new MfaException(context.hasDeadToken ? 'session_expired' : 'unauthenticated');
    if (access === 'recent') await this.policy.assertRecent(context);
    if (access === 'adding') await this.policy.assertRecent(context, 'adding');
  }
}

/** Checked here, before the pipes, because the application's own pipes run first. */
function assertShallow(request: object): void {
  if (isShallow((request as { body?: unknown }).body)) return;
  throw new MfaException('invalid_request', { message: ['The body is nested too deep'] });
}

/**
 * Any page can send a form or plain text without a preflight, but not JSON (Fetch, section 4.9). Without a body, the type means
 * nothing: some clients always send one.
 */
function assertJson(request: object): void {
  if (!hasBody(request)) return;
  const type = readHeader(request, 'content-type');
  if (type === undefined || /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) return;
  throw new MfaException('invalid_request', { message: ['The body must be application/json'] });
}
