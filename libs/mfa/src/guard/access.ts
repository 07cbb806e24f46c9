import { SetMetadata, createParamDecorator } from '@nestjs/common';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import type { MfaRequestContext } from '../engine/sessions/request-context.service.js';

/** Metadata key of {@link Access}. */
const ACCESS = 'nestjs-mfa:access';

/**
 * What a route of this module needs: a signed-in user; one whose proof is recent; someone who is signed in or half so;
 * a session of any kind; or nothing.
 */
export type RouteAccess = 'user' | 'recent' | 'authenticate' | 'session' | 'anyone';

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
