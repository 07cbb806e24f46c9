import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';

import type { MfaAdapterOption } from '../adapter/adapter-option.js';
import type { MfaFactorOption } from '../engine/factors/mfa-factor.js';
import type { MfaPagesOptions } from '../pages/frame/pages-options.js';
import type { MfaBehaviourOptions, MfaOptionsFactory } from '../options/mfa-options.js';

export interface MfaRoutesOptions {
  /** Guards that run before the module's own on its JSON routes and pages. Default: none. */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Class decorators for its controllers, such as the `@Public()` that a global guard honors. Default: none. */
  decorators?: readonly ClassDecorator[];
  /**
   * Modules with the providers that these guards and the class of `session.transport` inject. Global modules needn't be
   * listed. Default: none.
   */
  imports?: ModuleMetadata['imports'];
}

/** Options of `MfaModule.forRoot()`. */
export interface MfaModuleOptions extends MfaStructuralOptions, MfaBehaviourOptions {}

/** Options that decide how the module is built. They are given synchronously, also with `forRootAsync`. */
export interface MfaStructuralOptions {
  /** Prefix of the HTTP routes. Default: `mfa`. */
  path?: string;
  /** Whether the HTTP routes are mounted. Default: true. */
  controllers?: boolean;
  /** Whether the HTML pages are mounted. Default: false. */
  pages?: boolean | MfaPagesOptions;
  /** Requires a second factor on every route from users who must have one. Default: false. */
  globalGuard?: boolean;
  /**
   * What surrounds the module's routes in addition to its own guards, for an application that guards every controller.
   */
  routes?: MfaRoutesOptions;
  /** Whether other modules can use the guard without importing this one. Default: true. */
  isGlobal?: boolean;
  /** Name of the TypeORM `DataSource`. Default: the default one. */
  dataSource?: string;
  /** Your adapter: a class, or `{ useClass | useExisting | useFactory, inject, imports }`. */
  adapter?: MfaAdapterOption;
  /** Additional factors: `emailCode()`, `smsCode()`, and your own classes that extend `MfaFactor`. Default: none. */
  factors?: readonly MfaFactorOption[];
}

/** Options of `MfaModule.forRootAsync()`: the structural options, and one way to create the others. */
export interface MfaModuleAsyncOptions extends MfaStructuralOptions {
  imports?: ModuleMetadata['imports'];
  inject?: FactoryProvider['inject'];
  // The arguments are what `inject` names; only the caller knows their types.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  useFactory?: (...args: any[]) => MfaBehaviourOptions | Promise<MfaBehaviourOptions>;
  useClass?: Type<MfaOptionsFactory>;
  useExisting?: Type<MfaOptionsFactory> | string | symbol;
}
