import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { Controller, VERSION_NEUTRAL } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';

/** The option `routes`, with defaults filled in. */
export interface ResolvedRoutes {
  guards: readonly (Type<CanActivate> | CanActivate)[];
  decorators: readonly ClassDecorator[];
  imports: NonNullable<ModuleMetadata['imports']>;
}

/**
 * Mounts a controller at a path of this module. It is a subclass, since a path set on the class itself would be shared
 * by every application in the process. It is version-neutral, so API versioning in the application doesn't change its
 * path.
 *
 * @param routes what the application adds to it
 */
export function mountController(
  base: Type,
  path: string,
  { guards = [], decorators = [] }: Partial<Pick<ResolvedRoutes, 'guards' | 'decorators'>> = {},
): Type {
  const Mounted = { [base.name]: class extends base {} }[base.name] as Type;
  Controller({ path, version: VERSION_NEUTRAL })(Mounted);
  // Nest's decorator would put them after ours, which judges the user they have identified.
  const own = (Reflect.getMetadata(GUARDS_METADATA, base) ?? []) as unknown[];
  Reflect.defineMetadata(GUARDS_METADATA, [...guards, ...own], Mounted);
  // In reverse, so that they apply in the order they would have if written above a class.
  for (const decorator of [...decorators].reverse()) decorator(Mounted);
  return Mounted;
}
