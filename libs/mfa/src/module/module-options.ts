import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';

import type { MfaAdapterOption } from '../adapter/adapter-option.js';
import type { MfaFactorOption } from '../engine/factors/mfa-factor.js';
import type { MfaPagesOptions } from '../pages/frame/pages-options.js';
import type { MfaBehaviourOptions, MfaOptionsFactory } from '../options/mfa-options.js';

export interface MfaRoutesOptions {
  /** Guards that run before the module's own on each of its JSON routes and pages. Default: none. */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Class decorators that are put on its controllers, such as the `@Public()` of a global guard. Default: none. */
  decorators?: readonly ClassDecorator[];
  /** Modules whose providers the guards inject, and the class of `session.transport`. Default: none; those of global modules are there. */
  imports?: ModuleMetadata['imports'];
}

/** What `MfaModule.forRoot()` takes. */
export interface MfaModuleOptions extends MfaStructuralOptions, MfaBehaviourOptions {}

/** Options that decide how the module is built. Given synchronously, also beside `forRootAsync`. */
export interface MfaStructuralOptions {
  /** Prefix of the HTTP routes. Default: `mfa`. */
  path?: string;
  /** Whether the HTTP routes are mounted. Default: true. */
  controllers?: boolean;
  /** Whether the HTML pages are mounted. Default: false. */
  pages?: boolean | MfaPagesOptions;
  /** Enforces second factors on every route for users who must have one. Default: false. */
  globalGuard?: boolean;
  /** What stands around the module's routes besides its own guards: those of an application that guards each controller. */
  routes?: MfaRoutesOptions;
  /** Whether other modules can use the guard without importing this one. Default: true. */
  isGlobal?: boolean;
  /** Name of the TypeORM `DataSource`. Default: the default one. */
  dataSource?: string;
  /** Your `MFA_ADAPTER`: a class, or `{ useClass | useExisting | useFactory, inject, imports }`. */
  adapter?: MfaAdapterOption;
  /** Further factors: `emailCode()`, `smsCode()`, and classes of your own that extend `MfaFactor`. Default: none. */
  factors?: readonly MfaFactorOption[];
}

/** What `MfaModule.forRootAsync()` takes: the structural options, and one way to make the others. */
export interface MfaModuleAsyncOptions extends MfaStructuralOptions {
  imports?: ModuleMetadata['imports'];
  inject?: FactoryProvider['inject'];
  // The arguments are what `inject` names; only the caller knows their types.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  useFactory?: (...args: any[]) => MfaBehaviourOptions | Promise<MfaBehaviourOptions>;
  useClass?: Type<MfaOptionsFactory>;
  useExisting?: Type<MfaOptionsFactory> | string | symbol;
}
