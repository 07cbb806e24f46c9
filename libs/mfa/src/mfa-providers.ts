import type { Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { SupportContacts } from './adapter/support-contacts.js';
import { DiscardUnreadableFlow } from './admin/discard-unreadable.flow.js';
import { UserExporter } from './admin/export-user.js';
import { ForgetUserFlow } from './admin/forget-user.flow.js';
import { MfaAdminService } from './admin/mfa-admin.service.js';
import { ResetFlow } from './admin/reset.flow.js';
import { UserList } from './admin/user-list.js';
import { AuditLog } from './audit/audit-log.js';
import { MfaAuditService } from './audit/mfa-audit.service.js';
import { AccountsService } from './authenticators/accounts.service.js';
import { AuthenticatorList } from './authenticators/authenticator-list.js';
import { AuthenticatorLock } from './authenticators/authenticator-lock.js';
import { AuthenticatorsService } from './authenticators/authenticators.service.js';
import { CodeVerifier } from './authenticators/code-verifier.js';
import { FactorChange } from './authenticators/factor-change.js';
import { FailedAttempts } from './authenticators/failed-attempts.js';
import { RenameAuthenticatorFlow } from './authenticators/rename-authenticator.flow.js';
import { Tampering } from './authenticators/tampering.js';
import { UnlockByCodes } from './authenticators/unlock-by-codes.js';
import { UnreadableAuthenticators } from './authenticators/unreadable-authenticators.js';
import { ActivationAnswers } from './enrolment/activation-answer.js';
import { BackupCodes } from './enrolment/backup-codes.js';
import { AddAuthenticatorFlow } from './enrolment/add-authenticator.flow.js';
import { RemoveAuthenticatorFlow } from './enrolment/remove-authenticator.flow.js';
import { MfaEvents } from './events/mfa-events.js';
import { MfaJournal } from './events/mfa-journal.js';
import { RefusalLog } from './events/refusal-log.js';
import { FactorSetupFlow } from './factors/factor-setup.flow.js';
import { GatewayGuards, GatewayMfaGuard } from './guard/gateway-guard.js';
import { GlobalMfaGuard } from './guard/global-mfa.guard.js';
import { HandlerGuards } from './guard/handler-guards.js';
import { MfaPolicyService } from './guard/mfa-policy.service.js';
import { MfaSessionGuard } from './guard/mfa-session.guard.js';
import { MfaGuard } from './guard/mfa.guard.js';
import { BodyErrorMiddleware } from './http/body-error.middleware.js';
import { GlobalEnhancers } from './http/global-enhancers.js';
import { LostCookieWarning } from './http/lost-cookie-warning.js';
import { MfaExceptionMapper } from './http/mfa-exception-mapper.js';
import { OwnRoutes } from './http/own-routes.js';
import { RefusedRequests } from './http/refused-requests.js';
import { ImportUserFlow } from './import/import-user.flow.js';
import { MfaImportService } from './import/mfa-import.service.js';
import { EncryptedRows } from './keys/encrypted-rows.js';
import { KeyStore } from './keys/key-store.js';
import { RecoveryCodeKey } from './keys/recovery-code-key.js';
import { SealAdoption } from './keys/seal-adoption.js';
import { SecretRegistry } from './keys/secret-registry.js';
import { SecretRotation } from './keys/secret-rotation.js';
import { UnreadableRows } from './keys/unreadable-rows.js';
import { VisibleKeys } from './keys/visible-keys.js';
import { AttemptLimiter } from './limits/attempt-limiter.js';
import { MfaNotifier } from './notifications/mfa-notifier.js';
import { BrowserRedirect } from './pages/browser-redirect.js';
import { PageLinks } from './pages/page-links.js';
import { RecoveryCodeFactor } from './recovery-codes/recovery-code-factor.js';
import { RecoveryCodeSet } from './recovery-codes/recovery-code-set.js';
import { RecoveryCodeStore } from './recovery-codes/recovery-code-store.js';
import { RecoveryCodesService } from './recovery-codes/recovery-codes.service.js';
import { ExpiredRows } from './retention/expired-rows.js';
import { Leases } from './retention/leases.js';
import { RetentionJob } from './retention/retention-job.js';
import { AuthenticationSessionService } from './sessions/authentication-session.service.js';
import { LoginFlow } from './sessions/login.flow.js';
import { MfaService } from './sessions/mfa.service.js';
import { PasswordFlow } from './sessions/password.flow.js';
import { RecentProof } from './sessions/recent-proof.service.js';
import { RequestContextService } from './sessions/request-context.service.js';
import { SecondFactorFlow } from './sessions/second-factor.flow.js';
import { SessionAnswers } from './sessions/session-answer.js';
import { SessionStates } from './sessions/session-state.js';
import { SessionLimit } from './sessions/session-limit.js';
import { SessionTransport } from './sessions/session-transport.js';
import { MfaStorage } from './storage/mfa-storage.js';
import { TotpCodeFactor } from './totp/totp-code-factor.js';
import { TotpData } from './totp/totp-data.js';
import { TotpSetupStore } from './totp/totp-setup-store.js';
import { TotpService } from './totp/totp.service.js';
import { TrustCookie } from './trusted-devices/trust-cookie.js';
import { TrustFlow } from './trusted-devices/trust.flow.js';
import { TrustedDeviceStore } from './trusted-devices/trusted-device-store.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';
import { EnrollmentPolicy } from './users/enrollment-policy.js';
import { UserStateService } from './users/user-state.service.js';
import { MfaViewInterceptor } from './views/mfa-view.interceptor.js';
import { MfaViewService } from './views/mfa-view.service.js';
import { AssertionVerifier } from './webauthn/assertion-verifier.js';
import { AttestationPolicy } from './webauthn/attestation-policy.js';
import { ChallengeStore } from './webauthn/challenge-store.js';
import { Challenges } from './webauthn/challenges.js';
import { CredentialStore } from './webauthn/credential-store.js';
import { FailedCeremonies } from './webauthn/failed-ceremonies.js';
import { KeySuspicions } from './webauthn/key-suspicions.js';
import { RegistrationFlow } from './webauthn/registration.flow.js';
import { RelyingParty } from './webauthn/relying-party.js';
import { WebAuthnDetails } from './webauthn/webauthn-details.js';
import { WebAuthnFlow } from './webauthn/webauthn.flow.js';
import { WebAuthnService } from './webauthn/webauthn.service.js';

/** What applications may inject. */
export const PUBLIC_PROVIDERS = [
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
  FactorSetupFlow,
  MfaViewService,
  MfaViewInterceptor,
  MfaGuard,
  MfaSessionGuard,
];

/** What only the module itself injects. */
export const INTERNAL_PROVIDERS = [
  MfaStorage,
  UserStateService,
  EnrollmentPolicy,
  AttemptLimiter,
  FactorChange,
  AccountsService,
  AuthenticatorList,
  AuthenticatorLock,
  UnlockByCodes,
  UnreadableAuthenticators,
  Tampering,
  FailedAttempts,
  RenameAuthenticatorFlow,
  CodeVerifier,
  TotpCodeFactor,
  TotpData,
  TotpSetupStore,
  RecoveryCodeFactor,
  RecoveryCodeSet,
  { provide: BackupCodes, useExisting: RecoveryCodeSet },
  RecoveryCodeStore,
  AssertionVerifier,
  AttestationPolicy,
  FailedCeremonies,
  KeySuspicions,
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
  RecentProof,
  SessionAnswers,
  SessionStates,
  SessionLimit,
  SessionTransport,
  LostCookieWarning,
  ResetFlow,
  DiscardUnreadableFlow,
  ForgetUserFlow,
  UserExporter,
  UserList,
  ImportUserFlow,
  ExpiredRows,
  Leases,
  RetentionJob,
  KeyStore,
  RecoveryCodeKey,
  EncryptedRows,
  SealAdoption,
  UnreadableRows,
  VisibleKeys,
  SecretRegistry,
  SecretRotation,
  TrustFlow,
  TrustCookie,
  TrustedDeviceStore,
  MfaJournal,
  RefusalLog,
  RefusedRequests,
  SupportContacts,
  MfaNotifier,
  AuditLog,
  BodyErrorMiddleware,
  OwnRoutes,
  HandlerGuards,
  GlobalEnhancers,
  PageLinks,
];

/** With the option `globalGuard`. */
export const GLOBAL_GUARD_PROVIDERS: Provider[] = [
  GlobalMfaGuard,
  { provide: APP_GUARD, useExisting: GlobalMfaGuard },
  GatewayMfaGuard,
  GatewayGuards,
];
