import type { CanActivate } from '@nestjs/common';

import type { ResolvedRoutes } from '../http/mount-controller.js';
import type { MfaStructuralOptions } from './module-options.js';
import type { Problems } from '../options/problems.js';

export function resolveRoutes(
  problems: Problems,
  { routes, controllers }: MfaStructuralOptions,
): ResolvedRoutes {
  const given = problems.group('routes', routes);
  problems.onlyKnown('routes.', given, ['guards', 'decorators', 'imports']);
  const guards = listOf(
    problems,
    'routes.guards',
    given['guards'],
    isGuard,
    'guards: classes, or objects with canActivate()',
  );
  const decorators = listOf(
    problems,
    'routes.decorators',
    given['decorators'],
    isFunction,
    'class decorators, such as Public()',
  );
  const imports = listOf(
    problems,
    'routes.imports',
    given['imports'],
    (one) => one !== undefined && one !== null,
    'modules',
  );
  if (controllers === false && routes !== undefined) {
    problems.add(
      '`routes` needs `controllers`: put guards and decorators on the controllers that you mount yourself',
    );
  }
  return { guards, decorators, imports } as ResolvedRoutes;
}

function listOf(
  problems: Problems,
  name: string,
  given: unknown,
  fits: (one: unknown) => boolean,
  what: string,
): readonly unknown[] {
  if (given === undefined) return [];
  if (Array.isArray(given) && given.every(fits)) return given as unknown[];
  problems.add(`\`${name}\` must be a list of ${what}`);
  return [];
}

function isFunction(one: unknown): boolean {
  return typeof one === 'function';
}

function isGuard(one: unknown): boolean {
  return isFunction(one) || isFunction((one as Partial<CanActivate> | null | undefined)?.canActivate);
}
