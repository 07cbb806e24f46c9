// The public API. What is not named here may change in any release.
export { MfaModule } from './mfa.module.js';

// Options
export type { MfaBehaviourOptions, MfaOptionsFactory } from './options/mfa-options.js';
export type {
  CertificationLevel,
  FidoMetadataEntry,
  FidoMetadataStatement,
  MetadataOptions,
  MetadataStatusReport,
  RejectableStatus,
} from './options/metadata-options.js';
export type { WebAuthnHint, WebAuthnOptions } from './options/webauthn-options.js';
export type { TrustedDevicesOptions } from './options/trusted-devices-options.js';
export type { TotpOptions } from './options/totp-options.js';
export type { SessionCookieOptions, SessionOptions } from './options/session-options.js';
export type { RecoveryCodesOptions } from './options/recovery-codes-options.js';
export type { RateLimitOptions, UnlockOptions } from './options/rate-limit-options.js';
export type { MfaProfile } from './options/profiles.js';
export type { AuditOptions, RetentionOptions, StorageOptions } from './options/storage-options.js';
export type { RoutesOptions } from './module/module-options.js';
export type { TotpAlgorithm } from './core/otpauth/key-uri.js';
export type {
  MfaModuleAsyncOptions,
  MfaModuleOptions,
  MfaStructuralOptions,
} from './module/module-options.js';
export type { PagesOptions } from './pages/frame/pages-options.js';
export type { ListedOption } from './options/option.js';
export { listMfaOptions } from './options/list-options.js';
export { MfaOptionsError } from './options/options-error.js';
export type { ResolvedMfaOptions } from './options/resolved-options.js';
export type { ResolvedMetadataOptions } from './options/metadata-options.js';
export type { ResolvedWebAuthnOptions } from './options/webauthn-options.js';
export type { RecoveryCodeFormat } from './options/recovery-codes-options.js';
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
export type { MfaUser } from './core/users/mfa-user.js';
export type { DeletionContext, MfaRequirementContext } from './adapter/hook-contexts.js';
export type { MfaNotification, MfaNotificationType } from './core/users/notification.js';
export { NOTIFICATION_TYPES } from './core/users/notification.js';
export type { EncryptionContext } from './core/crypto/envelope.js';
export { EnvelopeError } from './core/crypto/envelope.js';

// Factors of the application's own
export { emailCode, maskEmail } from './factors/email-code/email-code.js';
export type {
  DeliveredCodeOptions,
  SmsCodeOptions,
} from './factors/delivered-codes/delivered-code-options.js';
export { maskPhoneNumber, smsCode } from './factors/sms-code/sms-code.js';
export type { FactorContext, NewMessage } from './engine/factors/factor-context.js';
export type { MfaMessage } from './adapter/message.js';
export { MfaFactorChallenge } from './engine/factors/factor-challenge.entity.js';
export { MfaFactorSetup } from './engine/factors/factor-setup.entity.js';
export type { FactorActivation } from './factors/plugged/factor-setup.flow.js';
export { FactorSetupFlow as MfaFactorsService } from './factors/plugged/factor-setup.flow.js';
export { ActivateFactorDto } from './factors/plugged/activate-factor.dto.js';
export { ChallengeFactorDto } from './factors/plugged/challenge-factor.dto.js';
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
} from './engine/factors/mfa-factor.js';
export { MfaFactor } from './engine/factors/mfa-factor.js';

// Pages; what templates are made of is in `nestjs-mfa/pages`
export type { MfaCountedText, MfaPageTexts, MfaPlainPageText } from './i18n/page-texts.js';
export { prefersHtml } from './refusals/browser-redirect.js';
export { safeNext as safeNextPath } from './core/web/next-path.js';
export type { MfaLayout } from './pages/frame/page-props.js';

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
export type { ExportedAuthenticator, ExportedCredential, MfaUserExport } from './account/export-user.js';
export type { ForgetUserOptions } from './account/forget-user.flow.js';
export type { DiscardOptions, DiscardReport } from './admin/discard-unreadable.flow.js';
export type { MfaAdminStatus, SessionView } from './admin/mfa-admin.service.js';
export { MfaAdminService } from './admin/mfa-admin.service.js';
export type { ListedUser, MfaUserListState, UserListQuery, UserPage } from './admin/user-list.js';
export type { RotationOptions, RotationProgress, RotationResult } from './secrets/secret-rotation.js';
export type { PurgeResult } from './retention/expired-rows.js';
export type { AuditPage, AuditQuery } from './engine/journal/mfa-audit.service.js';
export { MfaAuditService } from './engine/journal/mfa-audit.service.js';
export type { TrustedDeviceView } from './trusted-browsers/trusted-devices.service.js';
export { TrustedDevicesService } from './trusted-browsers/trusted-devices.service.js';
export { AuthenticatorsService } from './engine/authenticators/authenticators.service.js';
export type { AddedFactor } from './engine/changes/add-authenticator.flow.js';
export type { RecoveryCodesSummary } from './factors/recovery-codes/recovery-codes.service.js';
export { RecoveryCodesService } from './factors/recovery-codes/recovery-codes.service.js';
export type { NewSession } from './engine/sessions/authentication-session.service.js';
export type { SignedInSession } from './account/sessions.service.js';
export { SessionsService } from './account/sessions.service.js';
export type { MfaSessionTransport, MfaSessionTransportOption } from './core/web/session-transport.js';
export { AuthenticationSessionService } from './engine/sessions/authentication-session.service.js';
export type { IssuedSession } from './engine/rows/issued-session.js';
export type { FirstFactorExchange, LoginExchange, LoginResult, LoginStatus } from './sign-in/login.flow.js';
export type { HttpExchange } from './engine/sessions/session-transport.js';
export type { MfaStatus } from './account/mfa.service.js';
export { MfaService } from './account/mfa.service.js';
export type { MfaRequestContext } from './engine/rows/mfa-request.js';
export { RequestContextService } from './engine/sessions/request-context.service.js';
export { getMfaSession } from './engine/rows/mfa-request.js';
export type { SessionAnswer } from './engine/sessions/session-transport.js';
export type { ProvenMethod } from './core/policy/methods.js';
export type { SessionState } from './sign-in/session-state.js';
export type { TotpSetupDetails } from './factors/totp/totp-authenticator.js';
export { TotpAuthenticator } from './factors/totp/totp-authenticator.js';
export type { TotpActivation } from './factors/totp/totp.service.js';
export { TotpService } from './factors/totp/totp.service.js';
export type { CredentialRole, RoleRequest } from './factors/webauthn/credential-role.js';
export type { CreationRequest, RegistrationRequest } from './factors/webauthn/registration.flow.js';
export { WebAuthnAuthenticator } from './factors/webauthn/webauthn-authenticator.js';
export type { WebAuthnSignals } from './factors/webauthn/webauthn.service.js';
export { WebAuthnService } from './factors/webauthn/webauthn.service.js';

// Import from other systems
export * from './import/index.js';

// Guard and policy
export { MfaPolicyService } from './guard/mfa-policy.service.js';
export { MfaSession } from './guard/mfa-session.decorator.js';
export { MfaSessionGuard } from './guard/mfa-session.guard.js';
export { MfaGuard } from './guard/mfa.guard.js';
export { RequireMfa, SkipMfa } from './guard/require-mfa.decorator.js';
export { MfaExceptionFilter } from './refusals/mfa-exception.filter.js';
export { MfaExceptionMapper } from './refusals/mfa-exception-mapper.js';
export { assertSameOrigin } from './core/web/same-origin.js';
export type { FactorTraits } from './core/policy/factor-traits.js';
export { MFA_TYPES } from './core/policy/factor-traits.js';
// So, by an asterisk, an application can add to it.
export * from './core/policy/factor-types.js';
export type {
  AuthenticationMethod,
  AuthenticationRecord,
  FirstFactor,
  MfaType,
  ProofFacts,
} from './core/policy/methods.js';
export type { MfaNeeds, MfaRequirement, PolicyDecision } from './core/policy/policy.js';

// Events
export type {
  EventAuthenticator,
  MfaEvent,
  MfaEventData,
  MfaEventType,
  SessionEndReason,
  TrustEndReason,
} from './engine/journal/mfa-event.js';
export type { MfaActor } from './engine/rows/mfa-request.js';
export type { EventSource } from './engine/rows/mfa-request.js';
export { MfaEvents } from './engine/journal/mfa-events.js';

// Errors
export type { MfaErrorCode } from './core/errors/error-codes.js';
export { MFA_ERRORS } from './core/errors/error-codes.js';
export type { MfaErrorDetails, MfaRefusalReason } from './core/errors/mfa-exception.js';
export { MfaException } from './core/errors/mfa-exception.js';

// Entities and DTOs
export { Authenticator, authenticatorLabel } from './engine/rows/authenticator.entity.js';
export type { AuthenticatorView } from './engine/authenticators/authenticator-view.js';
export { AuthenticatorIdParam } from './http/authenticator-id.param.js';
export { ListAuthenticatorsQuery } from './account/list-authenticators.query.js';
export { RenameAuthenticatorDto } from './account/rename-authenticator.dto.js';
export type { ActivationAnswer } from './sign-in/activation-answer.js';
export { AuditEntry } from './engine/journal/audit-entry.entity.js';
export { StoredKey } from './engine/keys/stored-key.entity.js';
export { RecoveryCode } from './factors/recovery-codes/recovery-code.entity.js';
export type { AuthenticationSessionStatus } from './engine/rows/authentication-session.entity.js';
export { AuthenticationSession } from './engine/rows/authentication-session.entity.js';
export { AuthenticateDto } from './sign-in/authenticate.dto.js';
export { useBinaryCollation } from './schema/binary-collation.js';
export type { MfaTableOptions } from './storage/table-options.js';
export { configureMfaTables } from './schema/configure-tables.js';
export { mfaMigrations } from './schema/migrations/index.js';
export { MFA_ENTITIES } from './schema/entities.js';
export { ActivateTotpDto } from './factors/totp/activate-totp.dto.js';
export { TotpSetup } from './factors/totp/totp-setup-store.js';
export { TrustedDevice } from './engine/trust/trusted-device.entity.js';
export { MfaUserState } from './engine/rows/mfa-user-state.entity.js';
export { AddWebAuthnDto } from './factors/webauthn/add-webauthn.dto.js';
export { AuthenticateWebAuthnDto } from './factors/webauthn/authenticate-webauthn.dto.js';
export { PasskeyDto } from './factors/webauthn/passkey.dto.js';
export { WebAuthnNeedsDto } from './factors/webauthn/webauthn-needs.dto.js';
export { WebAuthnOptionsDto } from './factors/webauthn/webauthn-options.dto.js';
export { WebAuthnChallenge } from './factors/webauthn/webauthn-challenge.entity.js';
export type { WebAuthnView } from './factors/webauthn/webauthn-details.js';
export { WebAuthnCredential } from './factors/webauthn/webauthn-credential.entity.js';

// OpenAPI
export type { DescribedApplication, OpenApiDocument } from './openapi/describe-mfa.js';
export { describeMfa } from './openapi/describe-mfa.js';

// Time, for tests
export type { Clock } from './core/clock/clock.js';
export { MFA_CLOCK } from './core/clock/clock.js';

// Controllers, for applications that mount the routes themselves (option `controllers: false`)
export { AuthenticatorsController } from './account/authenticators.controller.js';
export { RecoveryCodesController } from './factors/recovery-codes/recovery-codes.controller.js';
export { AuthenticateController } from './sign-in/authenticate.controller.js';
export { SessionController } from './account/session.controller.js';
export { TotpController } from './factors/totp/totp.controller.js';
export { SessionsController } from './account/sessions.controller.js';
export { TrustedDevicesController } from './trusted-browsers/trusted-devices.controller.js';
export { AuthenticateWebAuthnController } from './factors/webauthn/authenticate-webauthn.controller.js';
export { PasskeyController } from './factors/webauthn/passkey.controller.js';
export { FactorChallengeController } from './factors/plugged/factor-challenge.controller.js';
export { FactorsController } from './factors/plugged/factors.controller.js';
export { WebAuthnController } from './factors/webauthn/webauthn.controller.js';
