import type { InjectionToken, Provider, Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';

import { dependenciesOf } from './dependencies.js';

/**
 * The internal providers that an application's own module needs. Nest instantiates there an application's subclass of
 * one of our controllers, and the guards, pipes, filters and interceptors that a decorator names. No one can inject the
 * rest.
 */
export function exportedInternals(made: readonly Type[], internals: readonly Provider[]): Provider[] {
  const classes = new Set(made.flatMap((one) => [one, ...enhancersOf(one)]));
  const needed = new Set([...classes].flatMap((one) => dependenciesOf(one)));
  return internals.filter((one) => needed.has(tokenOfProvider(one)));
}

/** The class itself, and the enhancers on it and its methods. */
function enhancersOf(type: Type): Type[] {
  const prototype = type.prototype as Record<string, object>;
  const methods = Object.getOwnPropertyNames(prototype).map((name) => prototype[name]);
  return [type, ...methods]
    .filter((target) => typeof target === 'function')
    .flatMap((target) =>
      [GUARDS_METADATA, PIPES_METADATA, EXCEPTION_FILTERS_METADATA, INTERCEPTORS_METADATA].flatMap(
        (key) => (Reflect.getMetadata(key, target) ?? []) as unknown[],
      ),
    )
    .filter((one): one is Type => typeof one === 'function');
}

const tokenOfProvider = (provider: Provider): InjectionToken =>
  typeof provider === 'function' ? provider : provider.provide;
