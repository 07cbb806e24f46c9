import type { Type } from '@nestjs/common';
import { UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
} from '@nestjs/common/constants.js';

import { REFUSED_MESSAGE_FILTER } from '../refusals/refused-message.filter.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import { assertSatisfiable, mergeRequirements, readRequirement } from '../core/policy/requirements.js';
import { ASK_AGAIN_INTERCEPTOR } from './judgements.js';
import { MfaGuard } from './mfa.guard.js';
import { ownRequirements, setRequirements, setSkipped } from './guard-metadata.js';

/**
 * Only admits users who have recently proven a second factor. Use it on a controller or a handler. The requirement of a handler
 * replaces that of its controller, and that of a controller replaces its base class's. Two on the same target must both be met.
 *
 * @param guard a custom guard that finds the request elsewhere
 * @throws {TypeError} for unknown or invalid parts of the requirement, when it could never be met, and when combined with
 *   `@SkipMfa()`
 */
export function RequireMfa(
  requirement: MfaRequirement = {},
  guard: Type<MfaGuard> = MfaGuard,
): ClassDecorator & MethodDecorator {
  const own = readRequirement(requirement);
  return decorate((target) => {
    const requirements = [...ownRequirements(target), own];
    assertSatisfiable(mergeRequirements(requirements, Infinity));
    setRequirements(target, requirements);
    once(target, GUARDS_METADATA, guard, UseGuards);
    once(target, INTERCEPTORS_METADATA, ASK_AGAIN_INTERCEPTOR, UseInterceptors);
    once(target, EXCEPTION_FILTERS_METADATA, REFUSED_MESSAGE_FILTER, UseFilters);
  });
}

/**
 * Exempts a controller or a handler from the global guard, and from a `@RequireMfa()` that is farther away: on the controller
 * or a base class.
 *
 * @throws {TypeError} when combined with `@RequireMfa()` on the same target
 */
export function SkipMfa(): ClassDecorator & MethodDecorator {
  return decorate(setSkipped);
}

/** Creates a decorator for classes and methods. As in Nest, metadata of a method is stored on its function. */
function decorate(apply: (target: object) => void): ClassDecorator & MethodDecorator {
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) =>
    apply((descriptor?.value as object | undefined) ?? target);
}

/** Registers a Nest enhancer unless the target already has it, from another decorator or a base class. */
function once<T>(
  target: object,
  metadataKey: string,
  enhancer: T,
  use: (enhancer: T) => ClassDecorator & MethodDecorator,
): void {
  const present = (Reflect.getMetadata(metadataKey, target) as unknown[] | undefined) ?? [];
  if (!present.includes(enhancer)) use(enhancer)(target as never);
}
