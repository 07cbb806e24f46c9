import type { DynamicModule, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

import { MfaAdminService } from './admin/mfa-admin.service.js';
import { ResetFlow } from './admin/reset.flow.js';
import { UserList } from './admin/user-list.js';
import type { MfaAdapterOption } from './adapter/adapter-option.js';
import { adapterProviders } from './adapter/adapter-provider.js';
import { MFA_ADAPTER } from './adapter/mfa-adapter.js';
import { AuditLog } from './audit/audit-log.js';
import { MfaAuditService } from './audit/mfa-audit.service.js';
import { AccountsService } from './authenticators/accounts.service.js';
import { AuthenticatorList } from './authenticators/authenticator-list.js';
import { AuthenticatorLock } from './authenticators/authenticator-lock.js';
import { AuthenticatorsController } from './authenticators/authenticators.controller.js';
import { AuthenticatorsService } from './authenticators/authenticators.service.js';
import { AUTHENTICATOR_DETAILS } from './authenticators/authenticator-details.js';
import { CODE_FACTORS } from './authenticators/code-factor.js';
import { CodeVerifier } from './authenticators/code-verifier.js';
import { FactorChange } from './authenticators/factor-change.js';
import { FailedAttempts } from './authenticators/failed-attempts.js';
import { RenameAuthenticatorFlow } from './authenticators/rename-authenticator.flow.js';
import { UnlockByCodes } from './authenticators/unlock-by-codes.js';
import { MFA_CLOCK, systemClock } from './clock/clock.js';
import { MFA_KEY_RING } from './crypto/key-ring-token.js';
import { KeyRing } from './crypto/key-ring.js';
import { ActivationAnswers } from './enrolment/activation-answer.js';
import { AddAuthenticatorFlow } from './enrolment/add-authenticator.flow.js';
import { RemoveAuthenticatorFlow } from './enrolment/remove-authenticator.flow.js';
import { MfaEvents } from './events/mfa-events.js';
import { MfaJournal } from './events/mfa-journal.js';
import { GlobalMfaGuard } from './guard/global-mfa.guard.js';
import { GlobalMfaInterceptor } from './guard/global-mfa.interceptor.js';
import { MfaPolicyService } from './guard/mfa-policy.service.js';
import { MfaSessionGuard } from './guard/mfa-session.guard.js';
import { MfaGuard } from './guard/mfa.guard.js';
import { BodyErrorMiddleware } from './http/body-error.middleware.js';
import { MfaExceptionFilter } from './http/mfa-exception.filter.js';
import { MfaExceptionMapper } from './http/mfa-exception-mapper.js';
import { mountController } from './http/mount-controller.js';
import { ImportUserFlow } from './import/import-user.flow.js';
import { MfaImportService } from './import/mfa-import.service.js';
import { EncryptedRows } from './keys/encrypted-rows.js';
import { KeyStore } from './keys/key-store.js';
import { RecoveryCodeKey } from './keys/recovery-code-key.js';
import { SecretRegistry } from './keys/secret-registry.js';
import { SecretRotation } from './keys/secret-rotation.js';
import { AttemptLimiter } from './limits/attempt-limiter.js';
import type {
  MfaBehaviourOptions,
  MfaModuleAsyncOptions,
  MfaModuleOptions,
  MfaOptionsFactory,
  MfaStructuralOptions,
} from './options/mfa-options.js';
import { MfaOptionsError } from './options/options-error.js';
import { resolveOptions } from './options/resolve-options.js';
import type { ResolvedMfaOptions } from './options/resolved-options.js';
import { MFA_OPTIONS } from './options/resolved-options.js';
import { MfaNotifier } from './notifications/mfa-notifier.js';
import type { ResolvedPages } from './options/resolve-pages.js';
import { MFA_PAGES, assertPagesWork } from './options/resolve-pages.js';
import { MFA_PATH, resolveStructure } from './options/structural-options.js';
import { BrowserRedirect } from './pages/browser-redirect.js';
import { PAGE_CONTROLLERS, PAGE_PROVIDERS } from './pages/page-controllers.js';
import { PageLinks } from './pages/page-links.js';
import { RecoveryCodeFactor } from './recovery-codes/recovery-code-factor.js';
import { RecoveryCodeSet } from './recovery-codes/recovery-code-set.js';
import { RecoveryCodeStore } from './recovery-codes/recovery-code-store.js';
import { RecoveryCodesController } from './recovery-codes/recovery-codes.controller.js';
import { RecoveryCodesService } from './recovery-codes/recovery-codes.service.js';
import { ExpiredRows } from './retention/expired-rows.js';
import { Leases } from './retention/leases.js';
import { RetentionJob } from './retention/retention-job.js';
import { AuthenticateController } from './sessions/authenticate.controller.js';
import { AuthenticationSessionService } from './sessions/authentication-session.service.js';
import { LoginFlow } from './sessions/login.flow.js';
import { MfaService } from './sessions/mfa.service.js';
import { PasswordFlow } from './sessions/password.flow.js';
import { RequestContextService } from './sessions/request-context.service.js';
import { SecondFactorFlow } from './sessions/second-factor.flow.js';
import { SessionAnswers } from './sessions/session-answer.js';
import { SessionTransport } from './sessions/session-transport.js';
import { SessionController } from './sessions/session.controller.js';
import { MFA_ENTITIES } from './storage/entities.js';
import { assertBinaryCollation } from './storage/binary-collation.js';
import { MFA_DATA_SOURCE, MfaStorage } from './storage/mfa-storage.js';
import { TotpCodeFactor } from './totp/totp-code-factor.js';
import { TotpData } from './totp/totp-data.js';
import { TotpSetupStore } from './totp/totp-setup-store.js';
import { TotpController } from './totp/totp.controller.js';
import { TotpService } from './totp/totp.service.js';
import { TrustCookie } from './trusted-devices/trust-cookie.js';
import { TrustFlow } from './trusted-devices/trust.flow.js';
import { TrustedDeviceStore } from './trusted-devices/trusted-device-store.js';
import { TrustedDevicesController } from './trusted-devices/trusted-devices.controller.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';
import { EnrollmentPolicy } from './users/enrollment-policy.js';
import { UserStateService } from './users/user-state.service.js';
import { AssertionVerifier } from './webauthn/assertion-verifier.js';
import { AuthenticateWebAuthnController } from './webauthn/authenticate-webauthn.controller.js';
import { ChallengeStore } from './webauthn/challenge-store.js';
import { Challenges } from './webauthn/challenges.js';
import { CredentialStore } from './webauthn/credential-store.js';
import { PasskeyController } from './webauthn/passkey.controller.js';
import { RegistrationFlow } from './webauthn/registration.flow.js';
import { RelyingParty } from './webauthn/relying-party.js';
import { WebAuthnController } from './webauthn/webauthn.controller.js';
import { WebAuthnDetails } from './webauthn/webauthn-details.js';
import { WebAuthnFlow } from './webauthn/webauthn.flow.js';
import { WebAuthnService } from './webauthn/webauthn.service.js';
import { WellKnownController } from './webauthn/well-known.controller.js';

/** The options as they were given, before defaults and checks. */
const MFA_RAW_OPTIONS = Symbol('nestjs-mfa:RAW_OPTIONS');

/** What applications may inject. */
const PUBLIC_PROVIDERS = [
  MfaService,
  TotpService,
  RecoveryCodesService,
  WebAuthnService,
  AuthenticationSessionService,
  AuthenticatorsService,
  MfaPolicyService,
  MfaAdminService,
  MfaImportService,
  MfaEvents,
  MfaAuditService,
  TrustedDevicesService,
  RequestContextService,
  MfaExceptionMapper,
  // An application's gateway names `MfaExceptionFilter`, which Nest then makes in the application's own module.
  BrowserRedirect,
  MfaGuard,
  MfaSessionGuard,
];

const INTERNAL_PROVIDERS = [
  MfaStorage,
  UserStateService,
  EnrollmentPolicy,
  AttemptLimiter,
  FactorChange,
  AccountsService,
  AuthenticatorList,
  AuthenticatorLock,
  UnlockByCodes,
  FailedAttempts,
  RenameAuthenticatorFlow,
  CodeVerifier,
  TotpCodeFactor,
  TotpData,
  TotpSetupStore,
  RecoveryCodeFactor,
  RecoveryCodeSet,
  RecoveryCodeStore,
  AssertionVerifier,
  ChallengeStore,
  Challenges,
  CredentialStore,
  RegistrationFlow,
  RelyingParty,
  WebAuthnDetails,
  WebAuthnFlow,
  AddAuthenticatorFlow,
  RemoveAuthenticatorFlow,
  ActivationAnswers,
  LoginFlow,
  PasswordFlow,
  SecondFactorFlow,
  SessionAnswers,
  SessionTransport,
  ResetFlow,
  UserList,
  ImportUserFlow,
  ExpiredRows,
  Leases,
  RetentionJob,
  KeyStore,
  RecoveryCodeKey,
  EncryptedRows,
  SecretRegistry,
  SecretRotation,
  TrustFlow,
  TrustCookie,
  TrustedDeviceStore,
  MfaJournal,
  MfaNotifier,
  AuditLog,
  BodyErrorMiddleware,
  PageLinks,
];

const GLOBAL_GUARD_PROVIDERS: Provider[] = [
  GlobalMfaGuard,
  { provide: APP_GUARD, useExisting: GlobalMfaGuard },
  { provide: APP_INTERCEPTOR, useClass: GlobalMfaInterceptor },
];

/** Multi-factor authentication for an application. Import it once, in the root module. */
@Module({})
export class MfaModule {
  /** @throws {MfaOptionsError} when an option is wrong, missing or contradicts another; at boot for those of a factory */
  static forRoot(options: MfaModuleOptions): DynamicModule {
    const { path, controllers, pages, globalGuard, isGlobal, dataSource, adapter, ...behaviour } = options;
    const structure = { path, controllers, pages, globalGuard, isGlobal, dataSource, adapter };
    return build(structure, [], [{ provide: MFA_RAW_OPTIONS, useValue: behaviour }]);
  }

  /** Like {@link forRoot}, with options from a factory; those that shape the module are still given here. */
  static forRootAsync(options: MfaModuleAsyncOptions): DynamicModule {
    return build(options, options.imports ?? [], rawOptionsProviders(options));
  }
}

function rawOptionsProviders(options: MfaModuleAsyncOptions): Provider[] {
  if (options.useFactory) {
    return [{ provide: MFA_RAW_OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] }];
  }
  const factory = options.useExisting ?? options.useClass;
  if (!factory) throw new MfaOptionsError(['forRootAsync needs `useFactory`, `useClass` or `useExisting`']);
  const provider = {
    provide: MFA_RAW_OPTIONS,
    useFactory: (made: MfaOptionsFactory) => made.createMfaOptions(),
    inject: [factory],
  };
  return options.useClass ? [options.useClass, provider] : [provider];
}

function build(options: MfaStructuralOptions, imports: Imports, optionsProviders: Provider[]): DynamicModule {
  const structure = resolveStructure(options);
  const mount = (path: string) => `${structure.path}${path}`;
  return {
    module: MfaModule,
    global: structure.isGlobal,
    imports: [
      ...imports,
      ...adapterImports(structure.adapter),
      TypeOrmModule.forFeature(MFA_ENTITIES, structure.dataSource),
    ],
    controllers: [
      ...(structure.controllers
        ? [
            mountController(SessionController, mount('')),
            mountController(AuthenticatorsController, mount('/authenticators')),
            mountController(TotpController, mount('/totp')),
            mountController(RecoveryCodesController, mount('/recovery-codes')),
            mountController(AuthenticateController, mount('/authenticate')),
            mountController(WebAuthnController, mount('/webauthn')),
            mountController(AuthenticateWebAuthnController, mount('/authenticate/webauthn')),
            mountController(PasskeyController, mount('/passkey')),
            mountController(TrustedDevicesController, mount('/trusted-devices')),
            WellKnownController,
          ]
        : []),
      ...mountPages(structure.pages),
    ],
    providers: [
      ...optionsProviders,
      ...coreProviders(structure.dataSource),
      ...adapterProviders(structure.adapter),
      ...PUBLIC_PROVIDERS,
      ...INTERNAL_PROVIDERS,
      { provide: MFA_PATH, useValue: structure.path },
      { provide: MFA_PAGES, useValue: structure.pages },
      ...(structure.pages ? PAGE_PROVIDERS : []),
      { provide: APP_FILTER, useClass: MfaExceptionFilter },
      ...(structure.globalGuard ? GLOBAL_GUARD_PROVIDERS : []),
    ],
    exports: [...PUBLIC_PROVIDERS, MFA_ADAPTER, MFA_OPTIONS, MFA_CLOCK],
  };
}

function mountPages(pages: ResolvedPages | null): Type[] {
  return pages ? PAGE_CONTROLLERS.map((controller) => mountController(controller, pages.path)) : [];
}

function coreProviders(dataSourceName: string | undefined): Provider[] {
  return [
    {
      provide: MFA_OPTIONS,
      inject: [MFA_RAW_OPTIONS, MFA_PAGES],
      useFactory: (given: MfaBehaviourOptions, pages: ResolvedPages | null) => {
        const options = resolveOptions(given);
        assertPagesWork(pages, options.session);
        return options;
      },
    },
    { provide: MFA_CLOCK, useValue: systemClock },
    {
      provide: MFA_KEY_RING,
      inject: [MFA_OPTIONS],
      useFactory: ({ secrets }: ResolvedMfaOptions) => new KeyRing(secrets),
    },
    {
      provide: MFA_DATA_SOURCE,
      inject: [getDataSourceToken(dataSourceName)],
      useFactory: checkDataSource,
    },
    // In this order, so that a code that fits both is judged by the authenticator app first.
    {
      provide: CODE_FACTORS,
      inject: [TotpCodeFactor, RecoveryCodeFactor],
      useFactory: (...factors: unknown[]) => factors,
    },
    {
      provide: AUTHENTICATOR_DETAILS,
      inject: [WebAuthnDetails],
      useFactory: (...details: unknown[]) => details,
    },
  ];
}

async function checkDataSource(dataSource: DataSource): Promise<DataSource> {
  if (MFA_ENTITIES.every((entity) => dataSource.hasMetadata(entity))) {
    await assertBinaryCollation(dataSource);
    return dataSource;
  }
  throw new MfaOptionsError([
    'the DataSource does not know the entities of this module: set `autoLoadEntities: true` in TypeOrmModule.forRoot(), or add `...MFA_ENTITIES` to its `entities`',
  ]);
}

type Imports = NonNullable<ModuleMetadata['imports']>;

function adapterImports(adapter: MfaAdapterOption | undefined): Imports {
  return adapter && typeof adapter !== 'function' ? (adapter.imports ?? []) : [];
}
