import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { Controller, VERSION_NEUTRAL } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';

/** The option `routes`, with nothing left out. */
export interface ResolvedRoutes {
  guards: readonly (Type<CanActivate> | CanActivate)[];
  decorators: readonly ClassDecorator[];
  imports: NonNullable<ModuleMetadata['imports']>;
}

/**
 * The controller at a path of this module's choosing: a subclass of its own, since a path written onto the class itself
 * would be shared by all applications of the process. It has no part in the versions of the application's own routes, so the
 * path is the same with them.
 *
 * @param routes what the application puts around it
 */
export function mountController(
  base: Type,
  path: string,
  { guards = [], decorators = [] }: Partial<Pick<ResolvedRoutes, 'guards' | 'decorators'>> = {},
): Type {
  const Mounted = { [base.name]: class extends base {} }[base.name] as Type;
  Controller({ path, version: VERSION_NEUTRAL })(Mounted);
  // Nest's own decorator would put them after ours, which judges the user whom they have found.
  const own = (Reflect.getMetadata(GUARDS_METADATA, base) ?? []) as unknown[];
  Reflect.defineMetadata(GUARDS_METADATA, [...guards, ...own], Mounted);
  // The one that is written last is nearest to the class, as above a class.
  for (const decorator of [...decorators].reverse()) decorator(Mounted);
  return Mounted;
}
