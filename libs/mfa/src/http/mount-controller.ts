import type { Type } from '@nestjs/common';
import { Controller, VERSION_NEUTRAL } from '@nestjs/common';

/**
 * The controller at a path of this module's choosing: a subclass of its own, since a path written onto the class itself
 * would be shared by all applications of the process. It has no part in the versions of the application's own routes, so the
 * path is the same with them.
 */
export function mountController(base: Type, path: string): Type {
  const Mounted = { [base.name]: class extends base {} }[base.name] as Type;
  Controller({ path, version: VERSION_NEUTRAL })(Mounted);
  return Mounted;
}
