// The public API. What is not named here may change in any release.
export { MfaModule } from './mfa.module.js';

// Options
export type {
  AuditOptions,
  MfaBehaviourOptions,
  MfaModuleAsyncOptions,
  MfaModuleOptions,
  MfaOptionsFactory,
  MfaProfile,
  MfaStructuralOptions,
  PagesOptions,
  RateLimitOptions,
  RecoveryCodesOptions,
  RetentionOptions,
  SessionCookieOptions,
  SessionOptions,
  StorageOptions,
  TotpAlgorithm,
  TotpOptions,
  TrustedDevicesOptions,
  UnlockOptions,
  WebAuthnOptions,
} from './options/mfa-options.js';
export { MfaOptionsError } from './options/options-error.js';
export type {
  RecoveryCodeFormat,
  ResolvedMfaOptions,
  ResolvedWebAuthnOptions,
} from './options/resolved-options.js';
export { MFA_OPTIONS } from './options/resolved-options.js';

// Adapter
export type { MfaAdapterContext } from './adapter/adapter-context.js';
export type { MfaAdapterOption } from './adapter/adapter-option.js';
export type {
  AttestationInfo,
  PublicKeyCredentialRpEntity,
  PublicKeyCredentialUserEntity,
} from './adapter/default-mfa-adapter.js';
export { DefaultMfaAdapter } from './adapter/default-mfa-adapter.js';
export type { MfaErrorMessages } from './adapter/messages.js';
export { DEFAULT_ERROR_MESSAGES } from './adapter/messages.js';
export { MFA_ADAPTER } from './adapter/mfa-adapter.js';
export type { MfaUser } from './adapter/mfa-user.js';
export type { DeletionContext, MfaRequirementContext } from './adapter/hook-contexts.js';
export type { MfaNotification, MfaNotificationType } from './adapter/notification.js';
export { NOTIFICATION_TYPES } from './adapter/notification.js';
export type { EncryptionContext } from './crypto/envelope.js';
export { EnvelopeError } from './crypto/envelope.js';

// Factors of the application's own
export { emailCode, maskEmail } from './factors/delivered-codes/email-code.js';
export type {
  DeliveredCodeOptions,
  SmsCodeOptions,
} from './factors/delivered-codes/delivered-code-options.js';
export { maskPhoneNumber, smsCode } from './factors/delivered-codes/sms-code.js';
export type { FactorContext, MfaMessage, NewMessage } from './factors/factor-context.js';
export { MfaFactorChallenge } from './factors/factor-challenge.entity.js';
export { MfaFactorSetup } from './factors/factor-setup.entity.js';
export type { FactorActivation } from './factors/factor-setup.flow.js';
export { FactorSetupFlow as MfaFactorsService } from './factors/factor-setup.flow.js';
export { ActivateFactorDto } from './factors/dto/activate-factor.dto.js';
export { ChallengeFactorDto } from './factors/dto/challenge-factor.dto.js';
export type {
  BegunChallenge,
  BegunSetup,
  FactorAuthenticator,
  FactorProof,
  FactorRequest,
  FactorVerdict,
  MfaFactorClass,
  MfaFactorDefinition,
  MfaFactorOption,
} from './factors/mfa-factor.js';
export { MfaFactor } from './factors/mfa-factor.js';

// Pages; what templates are made of is in `nestjs-mfa/pages`
export type { MfaCountedText, MfaPageTexts, MfaPlainPageText } from './i18n/page-texts.js';
export { prefersHtml } from './pages/browser-redirect.js';
export { safeNext as safeNextPath } from './pages/next-path.js';
export type { MfaLayout } from './pages/page-props.js';

// Data for views of the application's own
export type { MfaViewAuthenticator, MfaViewData, MfaViewLinks } from './views/mfa-view.service.js';
export { MfaViewService } from './views/mfa-view.service.js';
export { MfaViewInterceptor } from './views/mfa-view.interceptor.js';

// Claims
export * from './claims/index.js';

// Languages
export { GERMAN } from './i18n/de.js';
export { ENGLISH } from './i18n/en.js';
export type { MfaLocaleTexts } from './i18n/locale-texts.js';

// Services
export type { AdminAction } from './admin/admin-action.js';
export type { ExportedAuthenticator, ExportedCredential, MfaUserExport } from './admin/export-user.js';
export type { ForgetUserOptions } from './admin/forget-user.flow.js';
export type { DiscardOptions, DiscardReport } from './admin/discard-unreadable.flow.js';
export type { MfaAdminStatus, SessionView } from './admin/mfa-admin.service.js';
export { MfaAdminService } from './admin/mfa-admin.service.js';
export type { ListedUser, MfaUserListState, UserListQuery, UserPage } from './admin/user-list.js';
export type { RotationOptions, RotationProgress, RotationResult } from './keys/secret-rotation.js';
export type { PurgeResult } from './retention/expired-rows.js';
export type { AuditPage, AuditQuery } from './audit/mfa-audit.service.js';
export { MfaAuditService } from './audit/mfa-audit.service.js';
export type { TrustedDeviceView } from './trusted-devices/trusted-devices.service.js';
export { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';
export { AuthenticatorsService } from './authenticators/authenticators.service.js';
export type { AddedFactor } from './enrolment/add-authenticator.flow.js';
export type { RecoveryCodesSummary } from './recovery-codes/recovery-codes.service.js';
export { RecoveryCodesService } from './recovery-codes/recovery-codes.service.js';
export type { NewSession } from './sessions/authentication-session.service.js';
export { AuthenticationSessionService } from './sessions/authentication-session.service.js';
export type { IssuedSession } from './sessions/issued-session.js';
export type {
  FirstFactorExchange,
  HttpExchange,
  LoginExchange,
  LoginResult,
  LoginStatus,
} from './sessions/login.flow.js';
export type { MfaStatus } from './sessions/mfa.service.js';
export { MfaService } from './sessions/mfa.service.js';
export type { MfaRequestContext } from './sessions/request-context.service.js';
export { RequestContextService } from './sessions/request-context.service.js';
export { getMfaSession } from './sessions/request-session.js';
export type { ProvenMethod, SessionAnswer } from './sessions/session-answer.js';
export type { SessionState } from './sessions/session-state.js';
export type { TotpSetupDetails } from './totp/totp-authenticator.js';
export { TotpAuthenticator } from './totp/totp-authenticator.js';
export type { TotpActivation } from './totp/totp.service.js';
export { TotpService } from './totp/totp.service.js';
export type { CreationRequest, RegistrationRequest } from './webauthn/registration.flow.js';
export { WebAuthnAuthenticator } from './webauthn/webauthn-authenticator.js';
export type { WebAuthnSignals } from './webauthn/webauthn.service.js';
export { WebAuthnService } from './webauthn/webauthn.service.js';

// Import from other systems
export * from './import/index.js';

// Guard and policy
export { MfaPolicyService } from './guard/mfa-policy.service.js';
export { MfaSession } from './guard/mfa-session.decorator.js';
export { MfaSessionGuard } from './guard/mfa-session.guard.js';
export { MfaGuard } from './guard/mfa.guard.js';
export { RequireMfa, SkipMfa } from './guard/require-mfa.decorator.js';
export { MfaExceptionFilter } from './http/mfa-exception.filter.js';
export { MfaExceptionMapper } from './http/mfa-exception-mapper.js';
export { assertSameOrigin } from './http/same-origin.js';
export type { FactorTraits } from './policy/factor-traits.js';
export { MFA_TYPES } from './policy/factor-traits.js';
// So, by an asterisk, an application can add to it.
export * from './policy/factor-types.js';
export type { AuthenticationMethod, AuthenticationRecord, FirstFactor, MfaType } from './policy/methods.js';
export type { MfaRequirement, PolicyDecision } from './policy/policy.js';

// Events
export type {
  EventAuthenticator,
  MfaActor,
  MfaEvent,
  MfaEventData,
  MfaEventType,
  SessionEndReason,
  TrustEndReason,
} from './events/mfa-event.js';
export type { EventSource } from './events/event-source.js';
export { MfaEvents } from './events/mfa-events.js';

// Errors
export type { MfaErrorCode } from './errors/error-codes.js';
export { MFA_ERRORS } from './errors/error-codes.js';
export type { MfaErrorDetails, MfaRefusalReason } from './errors/mfa-exception.js';
export { MfaException } from './errors/mfa-exception.js';

// Entities and DTOs
export { Authenticator, authenticatorLabel } from './authenticators/authenticator.entity.js';
export type { AuthenticatorView } from './authenticators/authenticator-view.js';
export { AuthenticatorIdParam } from './authenticators/dto/authenticator-id.param.js';
export { ListAuthenticatorsQuery } from './authenticators/dto/list-authenticators.query.js';
export { RenameAuthenticatorDto } from './authenticators/dto/rename-authenticator.dto.js';
export type { ActivationAnswer } from './enrolment/activation-answer.js';
export { AuditEntry } from './audit/audit-entry.entity.js';
export { Lease } from './retention/lease.entity.js';
export { StoredKey } from './keys/stored-key.entity.js';
export { RecoveryCode } from './recovery-codes/recovery-code.entity.js';
export type { AuthenticationSessionStatus } from './sessions/authentication-session.entity.js';
export { AuthenticationSession } from './sessions/authentication-session.entity.js';
export { AuthenticateDto } from './sessions/dto/authenticate.dto.js';
export { useBinaryCollation } from './storage/binary-collation.js';
export type { MfaTableOptions } from './storage/table-options.js';
export { configureMfaTables } from './storage/table-options.js';
export { mfaMigrations } from './storage/migrations/index.js';
export { MFA_ENTITIES } from './storage/entities.js';
export { ActivateTotpDto } from './totp/dto/activate-totp.dto.js';
export { TotpSetup } from './totp/totp-setup.entity.js';
export { TrustedDevice } from './trusted-devices/trusted-device.entity.js';
export { MfaUserState } from './users/mfa-user-state.entity.js';
export { AddWebAuthnDto } from './webauthn/dto/add-webauthn.dto.js';
export { AuthenticateWebAuthnDto } from './webauthn/dto/authenticate-webauthn.dto.js';
export { PasskeyDto } from './webauthn/dto/passkey.dto.js';
export { WebAuthnOptionsDto } from './webauthn/dto/webauthn-options.dto.js';
export { WebAuthnChallenge } from './webauthn/webauthn-challenge.entity.js';
export type { WebAuthnView } from './webauthn/webauthn-details.js';
export { WebAuthnCredential } from './webauthn/webauthn-credential.entity.js';

// Time, for tests
export type { Clock } from './clock/clock.js';
export { MFA_CLOCK } from './clock/clock.js';

// Controllers, for applications that mount the routes themselves (option `controllers: false`)
export { AuthenticatorsController } from './authenticators/authenticators.controller.js';
export { RecoveryCodesController } from './recovery-codes/recovery-codes.controller.js';
export { AuthenticateController } from './sessions/authenticate.controller.js';
export { SessionController } from './sessions/session.controller.js';
export { TotpController } from './totp/totp.controller.js';
export { TrustedDevicesController } from './trusted-devices/trusted-devices.controller.js';
export { AuthenticateWebAuthnController } from './webauthn/authenticate-webauthn.controller.js';
export { PasskeyController } from './webauthn/passkey.controller.js';
export { FactorChallengeController } from './factors/factor-challenge.controller.js';
export { FactorsController } from './factors/factors.controller.js';
export { WebAuthnController } from './webauthn/webauthn.controller.js';
