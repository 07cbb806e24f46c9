import type { MfaFactorOption } from '../engine/factors/mfa-factor.js';
import type { MfaModuleAsyncOptions, MfaModuleOptions, MfaStructuralOptions } from './module-options.js';
import type { MfaBehaviourOptions } from '../options/mfa-options.js';
import { BEHAVIOUR_OPTIONS } from '../options/mfa-options.js';
import { MfaOptionsError } from '../options/options-error.js';
import { Problems } from '../options/problems.js';
import { assertGiven } from '../options/resolve-options.js';
import { SHAPING_OPTIONS } from '../options/shaping-options.js';
import { ROUTE_PATH } from '../options/route-paths.js';
import type { ResolvedPages } from '../pages/frame/resolve-pages.js';
import { resolveFactors } from './resolve-factors.js';
import { resolvePages } from '../pages/frame/resolve-pages.js';
import type { ResolvedRoutes } from '../http/mount-controller.js';
import { resolveRoutes } from './resolve-routes.js';
import { waysOf } from './ways-to-make.js';

export type ResolvedStructure = Required<
  Pick<MfaStructuralOptions, 'path' | 'controllers' | 'globalGuard' | 'isGlobal'>
> &
  Pick<MfaStructuralOptions, 'dataSource' | 'adapter'> & {
    pages: ResolvedPages | null;
    routes: ResolvedRoutes;
    factors: readonly MfaFactorOption[];
  };

/** A record, so that the compiler checks that no option is missing. */
const STRUCTURAL: Readonly<Record<keyof MfaStructuralOptions, true>> = recordOf(SHAPING_OPTIONS);

function recordOf<T extends string>(names: readonly T[]): Record<T, true> {
  return Object.fromEntries(names.map((name) => [name, true])) as Record<T, true>;
}

type FactoryOption = Exclude<keyof MfaModuleAsyncOptions, keyof MfaStructuralOptions>;

/** The other options of `forRootAsync`, checked in the same way. */
const OF_FACTORY: Readonly<Record<FactoryOption, true>> = {
  imports: true,
  inject: true,
  useFactory: true,
  useClass: true,
  useExisting: true,
};

/**
 * Checks the options of `forRootAsync`. One in the wrong place, or misspelt, would be ignored, and its protection silently off.
 *
 * @throws {MfaOptionsError}
 */
export function assertAsyncOptions(options: MfaModuleAsyncOptions): void {
  assertGiven(options, '`useFactory`, `useClass` or `useExisting`');
  const problems = new Problems();
  const ways = waysOf(options);
  if (ways.length !== 1) {
    const found = ways.length === 0 ? '' : `; it has ${ways.map((way) => `\`${way}\``).join(' and ')}`;
    problems.add(`forRootAsync needs one of \`useFactory\`, \`useClass\` and \`useExisting\`${found}`);
  }
  const known: string[] = [...Object.keys(OF_FACTORY), ...Object.keys(STRUCTURAL)];
  for (const name of Object.keys(options).filter((key) => !known.includes(key))) {
    problems.add(
      Object.hasOwn(BEHAVIOUR_OPTIONS, name)
        ? `\`${name}\` does nothing next to the factory: put it in what the factory returns`
        : `\`${name}\` is not an option of forRootAsync; the options are ${known.join(', ')}`,
    );
  }
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
}

/**
 * Checks that a factory returns options, and none that had to be known before it was called.
 *
 * @throws {MfaOptionsError}
 */
export function assertBehaviour(given: MfaBehaviourOptions): void {
  assertGiven(given);
  const misplaced = Object.keys(given).filter((name) => Object.hasOwn(STRUCTURAL, name));
  if (misplaced.length === 0) return;
  throw new MfaOptionsError(
    misplaced.map(
      (name) => `\`${name}\` shapes the module: put it next to the factory, not in what it returns`,
    ),
  );
}

/**
 * The options that don't shape the module.
 *
 * @throws {MfaOptionsError} if there are none at all
 */
export function behaviourOf(options: MfaModuleOptions): MfaBehaviourOptions {
  assertGiven(options);
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
  const path = problems.text('path', options.path, 'mfa', ROUTE_PATH, 'a path such as mfa');
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
