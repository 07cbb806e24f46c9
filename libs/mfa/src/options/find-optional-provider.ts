import type { ModuleRef } from '@nestjs/core';
import { ModulesContainer } from '@nestjs/core';

/**
 * Finds a provider of an optional package by its class name. Importing a package that may be missing is an error to bundlers.
 *
 * @param method a method that the provider must have, so that an unrelated class of that name doesn't match
 * @returns null if no module of the application has the provider
 */
export function findOptionalProvider<T extends object>(
  modules: ModuleRef,
  className: string,
  method: keyof T,
): T | null {
  const container = modules.get(ModulesContainer, { strict: false });
  const instances = [...container.values()]
    .flatMap(({ providers }) => [...providers])
    .filter(([token]) => typeof token === 'function' && token.name === className)
    .map(([, { instance }]) => instance as Partial<T> | null | undefined);
  return (instances.find((one) => typeof one?.[method] === 'function') as T | undefined) ?? null;
}
