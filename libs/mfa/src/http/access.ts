import { SetMetadata, createParamDecorator } from '@nestjs/common';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';

/** Metadata key of {@link Access}. */
export const ACCESS = 'nestjs-mfa:access';

/**
 * What a route of this module needs: a signed-in user; one whose proof is recent; someone who is signed in or half so;
 * a session of any kind; or nothing.
 */
export type RouteAccess = 'user' | 'recent' | 'authenticate' | 'session' | 'anyone';

export const Access = (access: RouteAccess): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, access);

const contexts = new WeakMap<object, MfaRequestContext>();

export function setRequestContext(request: object, context: MfaRequestContext): void {
  contexts.set(request, context);
}

/** What the route's guard found; undefined when it did not come that far. */
export function requestContextOf(host: ArgumentsHost): MfaRequestContext | undefined {
  return contexts.get(host.switchToHttp().getRequest());
}

/** The request's user and session, as the route's guard found them. */
export const CurrentContext = createParamDecorator((_: unknown, execution: ExecutionContext) =>
  requestContextOf(execution),
);

/** The signed-in user, on routes that need one. */
export const CurrentUser = createParamDecorator(
  (_: unknown, execution: ExecutionContext): MfaUser => requestContextOf(execution)?.user as MfaUser,
);
