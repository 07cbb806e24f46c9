import type { Type } from '@nestjs/common';
import { Controller } from '@nestjs/common';

/**
 * The controller at a path of this module's choosing: a subclass of its own, since a path written onto the class itself
 * would be shared by all applications of the process.
 */
export function mountController(base: Type, path: string): Type {
  const Mounted = { [base.name]: class extends base {} }[base.name] as Type;
  Controller(path)(Mounted);
  return Mounted;
}
