import type { Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { FACTORS } from '../factors/factors.js';
import { SupportContacts } from '../adapter/support-contacts.js';
import { DiscardOfUserFlow } from '../admin/discard-of-user.flow.js';
import { FactorSupport } from '../admin/factor-support.js';
import { LostCodeKeys } from '../admin/lost-code-keys.js';
import { Upkeep } from '../admin/upkeep.js';
import { DiscardUnreadableFlow } from '../admin/discard-unreadable.flow.js';
import { EndAllSessionsFlow } from '../admin/end-all-sessions.flow.js';
import { SessionExporter } from '../account/export-sessions.js';
import { UserExporter } from '../account/export-user.js';
import { ForgetUserFlow } from '../account/forget-user.flow.js';
import { AdminStatus } from '../admin/admin-status.js';
import { AdminUsers } from '../admin/admin-users.js';
import { DemandEnrollmentFlow } from '../admin/demand-enrollment.flow.js';
import { EndAccessFlow } from '../admin/end-access.flow.js';
import { UnlockFlow } from '../admin/unlock.flow.js';
import { MfaAdminService } from '../admin/mfa-admin.service.js';
import { ReplaceRecoveryCodeKeyFlow } from '../admin/replace-recovery-code-key.flow.js';
import { ResetFlow } from '../admin/reset.flow.js';
import { UserList } from '../admin/user-list.js';
import { AuditLog, MfaJournal, MfaEvents } from '../engine/journal/mfa-journal.js';
import { MfaAuditService } from '../engine/journal/mfa-audit.service.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticatorList } from '../engine/authenticators/authenticator-list.js';
import { AuthenticatorLock, AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import { CodeVerifier } from '../engine/verification/code-verifier.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import { FailedAttempts } from '../engine/verification/failed-attempts.js';
import { RenameAuthenticatorFlow } from '../engine/changes/rename-authenticator.flow.js';
import { Tampering } from '../engine/authenticators/tampering.js';
import { UnlockByCodes } from '../engine/verification/unlock-by-codes.js';
import { UnreadableAuthenticators } from '../engine/authenticators/unreadable-authenticators.js';
import { SuspendAuthenticatorFlow } from '../engine/changes/suspend-authenticator.flow.js';
import { ActivationAnswers } from '../sign-in/activation-answer.js';
import { AddAuthenticatorFlow } from '../engine/changes/add-authenticator.flow.js';
import { RemoveAuthenticatorFlow } from '../engine/changes/remove-authenticator.flow.js';
import { RefusalLog } from '../engine/journal/refusal-log.js';
import { GatewayGuards, GatewayMfaGuard } from '../guard/gateway-guard.js';
import { GlobalMfaGuard } from '../guard/global-mfa.guard.js';
import { HandlerGuards } from '../guard/handler-guards.js';
import { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import { DueEnrollment } from '../guard/due-enrollment.js';
import { PolicyFacts } from '../guard/policy-facts.js';
import { SpentProofs } from '../guard/spent-proofs.js';
import { MfaSessionGuard } from '../guard/mfa-session.guard.js';
import { MfaGuard } from '../guard/mfa.guard.js';
import { BodyErrorMiddleware } from '../pages/body-error.middleware.js';
import { GlobalEnhancers } from '../http/global-enhancers.js';
import { LostCookieWarning } from '../core/web/lost-cookie-warning.js';
import { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { OwnRoutes } from '../refusals/own-routes.js';
import { RefusedRequests } from '../refusals/refused-requests.js';
import { ImportUserFlow } from '../import/import-user.flow.js';
import { MfaImportService } from '../import/mfa-import.service.js';
import { EncryptedRows } from '../secrets/encrypted-rows.js';
import { KeyStore } from '../engine/keys/key-store.js';
import { KeyWrapper } from '../engine/keys/key-wrapper.js';
import { SealAdoption } from '../secrets/seal-adoption.js';
import { SecretRegistry } from '../secrets/secret-registry.js';
import { SecretTables } from '../secrets/secret-tables.js';
import { SecretRotation } from '../secrets/secret-rotation.js';
import { UnreadableRows } from '../secrets/unreadable-rows.js';
import { VisibleKeys } from '../engine/keys/visible-keys.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';
import { MfaNotifier } from '../engine/journal/mfa-notifier.js';
import { BrowserRedirect } from '../refusals/browser-redirect.js';
import { MAIL_LINKS } from '../engine/journal/mail-links.js';
import { PageLinksOfMails } from '../refusals/page-links-of-mails.js';
import { MfaPageLinks } from '../refusals/page-links.js';
import { ExpiredRows } from '../retention/expired-rows.js';
import { RetentionJob } from '../retention/retention-job.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { FormerSessions } from '../engine/sessions/former-sessions.js';
import { BeginSignInFlow } from '../sign-in/begin-sign-in.flow.js';
import { FirstFactors } from '../sign-in/first-factor.js';
import { LoginFlow } from '../sign-in/login.flow.js';
import { OwedFactors } from '../sign-in/owed-factors.js';
import { PasswordChangedFlow } from '../account/password-changed.flow.js';
import { ReauthenticationFlow } from '../sign-in/reauthentication.flow.js';
import { SignOutFlow } from '../account/sign-out.flow.js';
import { UserStatus } from '../account/user-status.js';
import { MfaService } from '../account/mfa.service.js';
import { PasswordFlow } from '../sign-in/password.flow.js';
import { RecentProof } from '../engine/sessions/recent-proof.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { ReportedAuthenticators } from '../account/reported-authenticators.js';
import { ProofPlans, ProofSubjects, SecondFactorFlow } from '../sign-in/second-factor.flow.js';
import { SessionActivity } from '../engine/sessions/session-activity.js';
import { KnownBrowsers } from '../engine/sessions/known-browsers.js';
import { NewSignIns } from '../engine/sessions/new-sign-ins.js';
import { SessionAnswers, SessionTransport } from '../engine/sessions/session-transport.js';
import { SessionStates } from '../sign-in/session-state.js';
import { SessionLimit } from '../engine/sessions/session-limit.js';
import { MfaSessionsService } from '../account/sessions.service.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TrustCookie } from '../sign-in/trust-cookie.js';
import { TrustFlow } from '../sign-in/trust.flow.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import { TrustedDevicesService } from '../trusted-browsers/trusted-devices.service.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import { UserStateService } from '../engine/users/user-state.service.js';
import { MfaViewInterceptor } from '../views/mfa-view.interceptor.js';
import { MfaViewService } from '../views/mfa-view.service.js';

/** Providers that applications can inject. */
export const PUBLIC_PROVIDERS: Provider[] = [
  MfaService,
  ...FACTORS.flatMap(({ services }) => services),
  AuthenticationSessionService,
  MfaSessionsService,
  AuthenticatorsService,
  MfaPolicyService,
  MfaAdminService,
  MfaImportService,
  MfaEvents,
  MfaAuditService,
  TrustedDevicesService,
  MfaRequestService,
  MfaExceptionMapper,
  MfaPageLinks,
  MfaViewService,
  MfaViewInterceptor,
  MfaGuard,
  MfaSessionGuard,
];

/** Providers that only the module itself injects. */
export const INTERNAL_PROVIDERS: Provider[] = [
  ...FACTORS.flatMap(({ internals }) => internals),
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
  FormerSessions,
  AddAuthenticatorFlow,
  RemoveAuthenticatorFlow,
  SuspendAuthenticatorFlow,
  ReportedAuthenticators,
  ActivationAnswers,
  BeginSignInFlow,
  FirstFactors,
  LoginFlow,
  OwedFactors,
  UnlockFlow,
  EndAccessFlow,
  DemandEnrollmentFlow,
  AdminUsers,
  AdminStatus,
  PolicyFacts,
  DueEnrollment,
  ProfileFloor,
  SpentProofs,
  PasswordChangedFlow,
  ReauthenticationFlow,
  SignOutFlow,
  UserStatus,
  PasswordFlow,
  SecondFactorFlow,
  ProofSubjects,
  ProofPlans,
  RecentProof,
  SessionActivity,
  KnownBrowsers,
  NewSignIns,
  SessionAnswers,
  SessionStates,
  SessionLimit,
  SessionTransport,
  LostCookieWarning,
  ResetFlow,
  DiscardOfUserFlow,
  DiscardUnreadableFlow,
  FactorSupport,
  LostCodeKeys,
  Upkeep,
  ReplaceRecoveryCodeKeyFlow,
  EndAllSessionsFlow,
  ForgetUserFlow,
  SessionExporter,
  UserExporter,
  UserList,
  ImportUserFlow,
  ExpiredRows,
  RetentionJob,
  KeyStore,
  KeyWrapper,
  SecretTables,
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
  { provide: MAIL_LINKS, useClass: PageLinksOfMails },
  AuditLog,
  BodyErrorMiddleware,
  BrowserRedirect,
  OwnRoutes,
  HandlerGuards,
  GlobalEnhancers,
];

/** Added by the option `globalGuard`. */
export const GLOBAL_GUARD_PROVIDERS: Provider[] = [
  GlobalMfaGuard,
  { provide: APP_GUARD, useExisting: GlobalMfaGuard },
  GatewayMfaGuard,
  GatewayGuards,
];
