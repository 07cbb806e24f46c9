import type { MfaFactorOption } from '../engine/factors/mfa-factor.js';
import type { MfaModuleOptions, MfaStructuralOptions } from './module-options.js';
import type { MfaBehaviourOptions } from '../options/mfa-options.js';
import { MfaOptionsError } from '../options/options-error.js';
import { Problems } from '../options/problems.js';
import type { ResolvedPages } from '../pages/frame/resolve-pages.js';
import { resolveFactors } from './resolve-factors.js';
import { resolvePages } from '../pages/frame/resolve-pages.js';
import type { ResolvedRoutes } from '../http/mount-controller.js';
import { resolveRoutes } from './resolve-routes.js';

export type ResolvedStructure = Required<
  Pick<MfaStructuralOptions, 'path' | 'controllers' | 'globalGuard' | 'isGlobal'>
> &
  Pick<MfaStructuralOptions, 'dataSource' | 'adapter'> & {
    pages: ResolvedPages | null;
    routes: ResolvedRoutes;
    factors: readonly MfaFactorOption[];
  };

/** A record, so that the compiler checks that no option is missing. */
const STRUCTURAL: Readonly<Record<keyof MfaStructuralOptions, true>> = {
  path: true,
  controllers: true,
  pages: true,
  routes: true,
  globalGuard: true,
  isGlobal: true,
  dataSource: true,
  adapter: true,
  factors: true,
};

/** The options that don't shape the module. */
export function behaviourOf(options: MfaModuleOptions): MfaBehaviourOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !Object.hasOwn(STRUCTURAL, name)),
  ) as unknown as MfaBehaviourOptions;
}

/**
 * Fills in the defaults of the options that shape the module.
 *
 * @throws {MfaOptionsError}
 */
export function resolveStructure(options: MfaStructuralOptions): ResolvedStructure {
  const problems = new Problems();
  const path = problems.text(
    'path',
    options.path,
    'mfa',
    /^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/,
    'a path such as mfa',
  );
  const structure: ResolvedStructure = {
    path: path.replace(/^\/|\/$/g, ''),
    controllers: problems.boolean('controllers', options.controllers, true),
    pages: resolvePages(problems, options),
    routes: resolveRoutes(problems, options),
    globalGuard: problems.boolean('globalGuard', options.globalGuard, false),
    isGlobal: problems.boolean('isGlobal', options.isGlobal, true),
    dataSource: problems.text('dataSource', options.dataSource, undefined, /./, 'the name of a DataSource'),
    adapter: options.adapter,
    factors: resolveFactors(problems, options.factors),
  };
  if (structure.pages?.path === structure.path) {
    problems.add('`pages.path` must differ from `path`: pages and JSON routes cannot share URLs');
  }
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  return structure;
}
