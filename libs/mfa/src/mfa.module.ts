import type {
  DynamicModule,
  InjectionToken,
  ModuleMetadata,
  NestModule,
  Provider,
  Type,
} from '@nestjs/common';
import { Inject, Module, Optional } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

import type { MfaAdapterOption } from './adapter/adapter-option.js';
import { adapterProviders } from './module/adapter-provider.js';
import { MFA_ADAPTER } from './adapter/mfa-adapter.js';
import { AuthenticatorsController } from './account/authenticators.controller.js';
import { LostFactorsController } from './account/lost-factors.controller.js';
import { MFA_CLOCK, systemClock } from './core/clock/clock.js';
import { MFA_KEY_RING, KeyRing } from './core/crypto/key-ring.js';
import { FACTOR_SERVICES, factorProviders, tablesOf } from './module/factor-providers.js';
import { FACTORS } from './factors/factors.js';
import { ASK_AGAIN_INTERCEPTOR } from './guard/judgements.js';
import { MfaSessionGuard } from './guard/mfa-session.guard.js';
import { MfaGuard } from './guard/mfa.guard.js';
import { MfaViewInterceptor } from './views/mfa-view.interceptor.js';
import { GlobalEnhancers } from './http/global-enhancers.js';
import { MfaExceptionFilter } from './refusals/mfa-exception.filter.js';
import { mountController } from './http/mount-controller.js';
import { SEAL_ANSWER } from './http/own-enhancers.js';
import type { MfaBehaviourOptions, MfaOptionsFactory } from './options/mfa-options.js';
import type {
  MfaModuleAsyncOptions,
  MfaModuleOptions,
  MfaStructuralOptions,
} from './module/module-options.js';
import { assertImportedOnce, missingDataSource } from './module/boot-checks.js';
import { exportedInternals } from './module/exported-providers.js';
import { ProfileWarning } from './module/profile-warning.js';
import { ScopeCheck } from './module/scope-check.js';
import { MfaOptionsError } from './options/options-error.js';
import { resolveOptions } from './options/resolve-options.js';
import type { ResolvedMfaOptions } from './options/resolved-options.js';
import { MFA_OPTIONS } from './options/resolved-options.js';
import type { ResolvedPages } from './pages/frame/resolve-pages.js';
import { assertPagesWork } from './pages/frame/resolve-pages.js';
import { MFA_CONTROLLERS, MFA_PAGES, MFA_PATH } from './options/addresses.js';
import type { ResolvedStructure } from './module/structural-options.js';
import type { ResolvedRoutes } from './http/mount-controller.js';
import {
  assertAsyncOptions,
  assertBehaviour,
  behaviourOf,
  resolveStructure,
} from './module/structural-options.js';
import { PageAssetsController } from './pages/controllers/assets.controller.js';
import { PAGE_CONTROLLERS, PAGE_PROVIDERS } from './pages/page-controllers.js';
import { OWN_TRANSPORT_PROVIDER } from './engine/sessions/own-transport.js';
import { AuthenticateController } from './sign-in/authenticate.controller.js';
import { MfaSessionsController } from './account/sessions.controller.js';
import { MfaSessionController } from './account/session.controller.js';
import { MFA_ENTITIES } from './schema/entities.js';
import { checkDataSource } from './schema/check-data-source.js';
import { MFA_DATA_SOURCE } from './storage/mfa-storage.js';
import { TrustedDevicesController } from './trusted-browsers/trusted-devices.controller.js';
import { WellKnownRoutes } from './factors/webauthn/well-known.routes.js';
import { GLOBAL_GUARD_PROVIDERS, INTERNAL_PROVIDERS, PUBLIC_PROVIDERS } from './module/mfa-providers.js';

/** The options as given, before defaults and checks. */
const MFA_RAW_OPTIONS = Symbol.for('nestjs-mfa:RAW_OPTIONS');

/** Multi-factor authentication for an application. Import it once, in the root module. */
@Module({})
export class MfaModule implements NestModule {
  constructor(
    @Inject(GlobalEnhancers) private readonly enhancers: GlobalEnhancers,
    @Optional() @Inject(WellKnownRoutes) private readonly wellKnown: WellKnownRoutes | null,
  ) {}

  /** Nest calls this after `main.ts` has configured the application and before it registers the controllers' routes. */
  configure(): void {
    this.enhancers.arrange();
    this.wellKnown?.mount();
  }

  /** @throws {MfaOptionsError} when an option is wrong, missing or contradicts another */
  static forRoot(options: MfaModuleOptions): DynamicModule {
    return build(options, [], [{ provide: MFA_RAW_OPTIONS, useValue: behaviourOf(options) }]);
  }

  /**
   * Like {@link forRoot}, with options from a factory. Options that shape the module are still passed here.
   *
   * @throws {MfaOptionsError} when an option that shapes the module is wrong, or any other option stands next to the factory; the
   *   factory's options are checked at boot
   */
  static forRootAsync(options: MfaModuleAsyncOptions): DynamicModule {
    assertAsyncOptions(options);
    return build(options, options.imports ?? [], rawOptionsProviders(options));
  }
}

function rawOptionsProviders(options: MfaModuleAsyncOptions): Provider[] {
  if (options.useFactory) {
    return [{ provide: MFA_RAW_OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] }];
  }
  const factory = (options.useExisting ?? options.useClass) as InjectionToken;
  const provider = {
    provide: MFA_RAW_OPTIONS,
    useFactory: madeBy,
    inject: [factory],
  };
  return options.useClass ? [options.useClass, provider] : [provider];
}

/** @throws {MfaOptionsError} when the class of `useClass` or `useExisting` makes no options */
function madeBy(factory: Partial<MfaOptionsFactory>): ReturnType<MfaOptionsFactory['createMfaOptions']> {
  if (typeof factory.createMfaOptions === 'function') return factory.createMfaOptions();
  throw new MfaOptionsError([
    'the class in `useClass` or `useExisting` of forRootAsync needs a method `createMfaOptions()` that returns the options',
  ]);
}

/** The JSON controllers and their paths below `path`. */
const CONTROLLERS: readonly (readonly [string, Type])[] = [
  ['', MfaSessionController],
  ['/authenticators', AuthenticatorsController],
  ['/authenticate/authenticators', LostFactorsController],
  ['/authenticate', AuthenticateController],
  ['/trusted-devices', TrustedDevicesController],
  ['/sessions', MfaSessionsController],
  ...FACTORS.flatMap(({ controllers }) => controllers),
];

/**
 * Classes that Nest instantiates in an application's own modules when the application refers to them or extends them.
 */
const MADE_BY_APPLICATIONS: readonly Type[] = [
  ...CONTROLLERS.map(([, controller]) => controller),
  MfaGuard,
  MfaSessionGuard,
  MfaExceptionFilter,
  MfaViewInterceptor,
];

function build(options: MfaStructuralOptions, imports: Imports, optionsProviders: Provider[]): DynamicModule {
  const structure = resolveStructure(options);
  // Called for `autoLoadEntities` only. Importing the result would make Nest complain about its repositories when there
  // is no DataSource.
  const ofFactors = tablesOf(structure.factors).map(({ entity }) => entity);
  TypeOrmModule.forFeature([...MFA_ENTITIES, ...ofFactors], structure.dataSource);
  const mount = (controller: Type, path: string) =>
    mountController(controller, `${structure.path}${path}`, structure.routes);
  return {
    module: MfaModule,
    global: structure.isGlobal,
    imports: [...imports, ...adapterImports(structure.adapter), ...structure.routes.imports],
    controllers: [
      ...(structure.controllers ? [...CONTROLLERS.map(([at, controller]) => mount(controller, at))] : []),
      ...mountPages(structure.pages, structure.routes),
    ],
    providers: [
      ...optionsProviders,
      ...coreProviders(structure),
      ...factorProviders(structure.factors),
      ...FACTOR_SERVICES,
      ...adapterProviders(structure.adapter),
      ...PUBLIC_PROVIDERS,
      ...INTERNAL_PROVIDERS,
      { provide: MFA_PATH, useValue: structure.path },
      { provide: MFA_CONTROLLERS, useValue: structure.controllers },
      { provide: MFA_PAGES, useValue: structure.pages },
      ...(structure.pages ? PAGE_PROVIDERS : []),
      ...(structure.controllers ? [WellKnownRoutes] : []),
      { provide: APP_FILTER, useClass: MfaExceptionFilter },
      { provide: APP_INTERCEPTOR, useValue: ASK_AGAIN_INTERCEPTOR },
      { provide: APP_INTERCEPTOR, useValue: SEAL_ANSWER },
      ...(structure.globalGuard ? GLOBAL_GUARD_PROVIDERS : []),
    ],
    exports: [
      ...PUBLIC_PROVIDERS,
      ...exportedInternals(MADE_BY_APPLICATIONS, INTERNAL_PROVIDERS),
      MFA_ADAPTER,
      MFA_OPTIONS,
      MFA_CLOCK,
    ],
  };
}

function mountPages(pages: ResolvedPages | null, routes: ResolvedRoutes): Type[] {
  if (!pages) return [];
  return [
    // Stylesheets and scripts need no guard, and browsers load them before anyone has signed in.
    mountController(PageAssetsController, pages.path),
    ...PAGE_CONTROLLERS.map((controller) => mountController(controller, pages.path, routes)),
  ];
}

function coreProviders({ dataSource: dataSourceName, factors }: ResolvedStructure): Provider[] {
  const factorTypes = factors.map(({ traits }) => traits.type);
  return [
    {
      provide: MFA_OPTIONS,
      inject: [MFA_RAW_OPTIONS, MFA_PAGES, ModulesContainer],
      useFactory: (given: MfaBehaviourOptions, pages: ResolvedPages | null, modules: ModulesContainer) => {
        assertImportedOnce(modules, MfaModule);
        assertBehaviour(given);
        const options = resolveOptions(given, undefined, factorTypes);
        assertPagesWork(pages, options.session);
        return options;
      },
    },
    {
      provide: ScopeCheck,
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => new ScopeCheck(modules, factorTypes),
    },
    ProfileWarning,
    OWN_TRANSPORT_PROVIDER,
    { provide: MFA_CLOCK, useValue: systemClock },
    {
      provide: MFA_KEY_RING,
      inject: [MFA_OPTIONS],
      useFactory: ({ secrets }: ResolvedMfaOptions) => new KeyRing(secrets),
    },
    {
      provide: MFA_DATA_SOURCE,
      inject: [ModulesContainer, { token: getDataSourceToken(dataSourceName), optional: true }],
      useFactory: (modules: ModulesContainer, found: DataSource | undefined) =>
        checkDataSource(found ?? missingDataSource(modules, dataSourceName), tablesOf(factors)),
    },
  ];
}

type Imports = NonNullable<ModuleMetadata['imports']>;

function adapterImports(adapter: MfaAdapterOption | undefined): Imports {
  return adapter && typeof adapter !== 'function' ? (adapter.imports ?? []) : [];
}
