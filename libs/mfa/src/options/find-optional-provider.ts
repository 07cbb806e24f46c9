import type { ModuleRef } from '@nestjs/core';
import { ModulesContainer } from '@nestjs/core';

/**
 * A provider of an optional package, by the name of its class: an import of a package that may be missing is an error to
 * bundlers.
 *
 * @param method what the provider must have, so that nothing else of that name is taken for it
 * @returns null when no module of the application has it
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
