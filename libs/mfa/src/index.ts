// The public API. Anything not exported here may change in any release.
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
export type { MfaNewSignInOptions } from './options/new-sign-in-options.js';
export type { TrustedDevicesOptions } from './options/trusted-devices-options.js';
export type { TotpOptions } from './options/totp-options.js';
export type { MfaSessionCookieOptions, MfaSessionOptions } from './options/session-options.js';
export type { RecoveryCodesOptions } from './options/recovery-codes-options.js';
export type { MfaRateLimitOptions, MfaUnlockOptions } from './options/rate-limit-options.js';
export type { MfaProfile } from './options/profiles.js';
export type { MfaAuditOptions, MfaRetentionOptions, MfaStorageOptions } from './options/storage-options.js';
export type { MfaRoutesOptions } from './module/module-options.js';
export type { TotpAlgorithm } from './core/otpauth/key-uri.js';
export type {
  MfaModuleAsyncOptions,
  MfaModuleOptions,
  MfaStructuralOptions,
} from './module/module-options.js';
export type { MfaPagesOptions } from './pages/frame/pages-options.js';
export type { MfaListedOption } from './options/option.js';
export { listMfaOptions } from './options/list-options.js';
export { MfaOptionsError } from './options/options-error.js';
export type { ResolvedMfaOptions } from './options/resolved-options.js';
export type { ResolvedMetadataOptions } from './options/metadata-options.js';
export { MFA_OPTIONS } from './options/resolved-options.js';

// Adapter
export type { MfaAdapterContext } from './adapter/adapter-context.js';
export type { MfaAdapterOption } from './adapter/adapter-option.js';
export type {
  MfaAttestationInfo,
  PublicKeyCredentialRpEntity,
  PublicKeyCredentialUserEntity,
} from './adapter/default-mfa-adapter.js';
export { DefaultMfaAdapter } from './adapter/default-mfa-adapter.js';
export type { MfaErrorMessages } from './adapter/messages.js';
export { DEFAULT_MFA_ERROR_MESSAGES } from './adapter/messages.js';
export { MFA_ADAPTER } from './adapter/mfa-adapter.js';
export type { MfaUser } from './core/users/mfa-user.js';
export type {
  MfaDeletionContext,
  MfaRequirementContext,
  MfaSignInContext,
  MfaSuspensionContext,
} from './adapter/hook-contexts.js';
export type { MfaNotification, MfaNotificationType } from './core/users/notification.js';
export { MFA_NOTIFICATION_TYPES } from './core/users/notification.js';
export type { MfaEncryptionContext } from './core/crypto/envelope.js';
export { MfaEnvelopeError } from './core/crypto/envelope.js';

// Custom factors
export { emailCode, maskEmail } from './factors/email-code/email-code.js';
export type {
  DeliveredCodeOptions,
  SmsCodeOptions,
} from './factors/delivered-codes/delivered-code-options.js';
export { maskPhoneNumber, smsCode } from './factors/sms-code/sms-code.js';
export type { MfaFactorContext, MfaFactorPlace, MfaNewMessage } from './engine/factors/factor-context.js';
export type { MfaMessage } from './adapter/message.js';
export { MfaFactorChallenge } from './engine/factors/factor-challenge.entity.js';
export { MfaFactorSetup } from './engine/factors/factor-setup.entity.js';
export type { MfaFactorActivation } from './factors/plugged/factor-setup.flow.js';
export { FactorSetupFlow as MfaFactorsService } from './factors/plugged/factor-setup.flow.js';
export { ActivateFactorDto } from './factors/plugged/activate-factor.dto.js';
export { ChallengeFactorDto } from './factors/plugged/challenge-factor.dto.js';
export type {
  MfaBegunChallenge,
  MfaBegunSetup,
  MfaFactorAuthenticator,
  MfaFactorProof,
  MfaFactorRequest,
  MfaFactorSetUp,
  FactorStatement,
  MfaFactorVerdict,
  MfaFactorClass,
  MfaFactorDefinition,
  MfaFactorOption,
} from './engine/factors/mfa-factor.js';
export { MfaFactor } from './engine/factors/mfa-factor.js';
export type { MfaFactorTable } from './engine/rows/factor-table.js';

// Pages; `nestjs-mfa/pages` has the building blocks for templates
export type { MfaPageTexts } from './i18n/page-texts.js';
export type { MfaPagePath, MfaPageQuery } from './refusals/page-links.js';
export { MfaPageLinks } from './refusals/page-links.js';
export { prefersHtml } from './refusals/browser-redirect.js';
export { safeNext as safeNextPath } from './core/web/next-path.js';

// Data for the application's own views
export type { MfaViewAuthenticator, MfaViewData, MfaViewLinks } from './views/mfa-view.service.js';
export { MfaViewService } from './views/mfa-view.service.js';
export { MfaViewInterceptor } from './views/mfa-view.interceptor.js';

// Claims; `nestjs-mfa/claims` has their types
export { mfaClaims } from './claims/mfa-claims.js';
export type { MfaSignUp, MfaSignUpName } from './adapter/sign-up.js';
export type { MfaSignUpRequest, MfaSignUpResult } from './factors/webauthn/sign-up.flow.js';
export { SignUpDto, SignUpOptionsDto } from './factors/webauthn/sign-up.dto.js';
export type { MfaAcrLevel, MfaAcrLevels } from './core/policy/acr.js';
export { MFA_ACR_LEVELS } from './core/policy/acr.js';
export type {
  MfaAuthorizationDecision,
  MfaAuthorizationRequest,
  MfaOwedAuthentication,
} from './guard/authorization-request.js';
export { MfaClaimsModule } from './claims/mfa-claims.module.js';
export { readExternalMfa } from './claims/read-external-mfa.js';
export { readMfaClaims } from './claims/read-mfa-claims.js';

// Languages
export { GERMAN } from './i18n/de.js';
export { ENGLISH } from './i18n/en.js';
export type { MfaLocaleTexts } from './i18n/locale-texts.js';

// Services
export type { MfaAdminAction } from './admin/admin-action.js';
export type {
  MfaExportedAuthenticator,
  MfaExportedCredential,
  MfaUserExport,
} from './account/export-user.js';
export type { MfaForgetUserOptions } from './account/forget-user.flow.js';
export type { MfaDiscardOptions, MfaDiscardReport } from './admin/discard-unreadable.flow.js';
export type { RecoveryCodeKeyReplacement } from './admin/replace-recovery-code-key.flow.js';
export type { MfaAdminStatus, MfaSessionView } from './admin/admin-status.js';
export { MfaAdminService } from './admin/mfa-admin.service.js';
export type { MfaListedUser, MfaUserListState, MfaUserListQuery, MfaUserPage } from './admin/user-list.js';
export type {
  MfaRotationOptions,
  MfaRotationProgress,
  MfaRotationResult,
} from './secrets/secret-rotation.js';
export type { MfaPurgeResult } from './retention/expired-rows.js';
export type { MfaAuditPage, MfaAuditQuery } from './engine/journal/mfa-audit.service.js';
export { MfaAuditService } from './engine/journal/mfa-audit.service.js';
export type { TrustedDeviceView } from './trusted-browsers/trusted-devices.service.js';
export { TrustedDevicesService } from './trusted-browsers/trusted-devices.service.js';
export { AuthenticatorsService } from './engine/authenticators/authenticators.service.js';
export type { MfaAddedFactor } from './engine/changes/add-authenticator.flow.js';
export type { RecoveryCodesSummary } from './factors/recovery-codes/recovery-codes.service.js';
export { RecoveryCodesService } from './factors/recovery-codes/recovery-codes.service.js';
export type {
  MfaAuthenticatedSession,
  MfaNewSession,
} from './engine/sessions/authentication-session.service.js';
export type { MfaSignedInSession } from './account/sessions.service.js';
export { MfaSessionsService } from './account/sessions.service.js';
export type { MfaSessionTransport, MfaSessionTransportOption } from './core/web/session-transport.js';
export { AuthenticationSessionService } from './engine/sessions/authentication-session.service.js';
export type { MfaIssuedSession } from './engine/rows/issued-session.js';
export type { MfaLoginExchange, MfaLoginResult, MfaLoginStatus } from './sign-in/login.flow.js';
export type { MfaFirstFactorExchange } from './sign-in/first-factor.js';
export type { MfaHttpExchange } from './engine/sessions/session-transport.js';
export type { MfaStatus } from './account/user-status.js';
export { MfaService } from './account/mfa.service.js';
export type { MfaRequest } from './engine/rows/mfa-request.js';
export { MfaRequestService } from './engine/sessions/mfa-request.service.js';
export { getMfaSession } from './engine/rows/mfa-request.js';
export type { MfaSessionAnswer } from './engine/sessions/session-transport.js';
export type {
  MfaProvenMethod,
  MfaFactorTraits,
  AuthenticationMethod,
  AuthenticationRecord,
  MfaFirstFactor,
  MfaType,
  MfaProofFacts,
} from './core/policy/methods.js';
export type { MfaSessionState } from './sign-in/session-state.js';
export type { TotpSetupDetails } from './factors/totp/totp-authenticator.js';
export { TotpAuthenticator } from './factors/totp/totp-authenticator.js';
export type { TotpActivation } from './factors/totp/totp.service.js';
export { TotpService } from './factors/totp/totp.service.js';
export type { WebAuthnCredentialRole } from './factors/webauthn/credential-role.js';
export type {
  WebAuthnCreationRequest,
  WebAuthnRegistrationRequest,
} from './factors/webauthn/registration.flow.js';
export { WebAuthnAuthenticator } from './factors/webauthn/webauthn-authenticator.js';
export type { WebAuthnSignals } from './factors/webauthn/key-signals.js';
export { WebAuthnService } from './factors/webauthn/webauthn.service.js';

// Import from other systems; `nestjs-mfa/import` has the file readers
export { MfaImportError } from './import/import-report.js';
export { MfaImportService } from './import/mfa-import.service.js';

// Guard and policy
export { MfaPolicyService } from './guard/mfa-policy.service.js';
export { MfaSession } from './guard/mfa-session.decorator.js';
export { MfaSessionGuard } from './guard/mfa-session.guard.js';
export { MfaGuard } from './guard/mfa.guard.js';
export { RequireMfa, SkipMfa } from './guard/require-mfa.decorator.js';
export { MfaExceptionFilter } from './refusals/mfa-exception.filter.js';
export { MfaExceptionMapper } from './refusals/mfa-exception-mapper.js';
export { assertSameOrigin } from './core/web/http-message.js';
// `export *`, so that an application can augment it.
export * from './core/policy/factor-types.js';
export type { MfaNeeds, MfaRequirement, MfaPolicyDecision } from './core/policy/policy.js';

// Events
export type {
  MfaEventAuthenticator,
  MfaEvent,
  MfaEventData,
  MfaEventType,
  MfaSessionEndReason,
  MfaTrustEndReason,
} from './engine/journal/mfa-event.js';
export type { MfaActor } from './engine/rows/mfa-request.js';
export type { MfaEventSource } from './engine/rows/mfa-request.js';
export { MfaEvents } from './engine/journal/mfa-journal.js';

// Errors
export type { MfaErrorCode } from './core/errors/error-codes.js';
export { MFA_ERRORS } from './core/errors/error-codes.js';
export type { MfaErrorDetails, MfaRefusalReason } from './core/errors/mfa-exception.js';
export { MfaException } from './core/errors/mfa-exception.js';

// Entities and DTOs
export { Authenticator, authenticatorLabel } from './engine/rows/authenticator.entity.js';
export type { MfaReportedAuthenticator } from './account/reported-authenticators.js';
export type { AuthenticatorView } from './engine/authenticators/authenticator-view.js';
export { AuthenticatorIdParam } from './http/authenticator-id.param.js';
export { ListAuthenticatorsQuery } from './account/list-authenticators.query.js';
export { RenameAuthenticatorDto } from './account/rename-authenticator.dto.js';
export type { MfaActivationAnswer } from './sign-in/activation-answer.js';
export { MfaAuditEntry } from './engine/journal/audit-entry.entity.js';
export { MfaStoredKey } from './engine/keys/stored-key.entity.js';
export { RecoveryCode } from './factors/recovery-codes/recovery-code.entity.js';
export type { AuthenticationSessionStatus } from './engine/rows/authentication-session.entity.js';
export { AuthenticationSession } from './engine/rows/authentication-session.entity.js';
export { AuthenticateDto } from './sign-in/authenticate.dto.js';
export { useBinaryCollation } from './schema/binary-collation.js';
export type { MfaTableOptions } from './storage/table-options.js';
export { configureMfaTables } from './schema/configure-tables.js';
export { mfaMigrations } from './schema/migrations/index.js';
export { MFA_ENTITIES } from './schema/entities.js';
export { RegenerateRecoveryCodesDto } from './factors/recovery-codes/regenerate.dto.js';
export { BeginTotpDto } from './factors/totp/begin-totp.dto.js';
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
export { describeMfa } from './openapi/describe-mfa.js';

// Time, for tests
export type { MfaClock } from './core/clock/clock.js';
export { MFA_CLOCK } from './core/clock/clock.js';

// Controllers, for applications that mount the routes themselves (option `controllers: false`)
export { AuthenticatorsController } from './account/authenticators.controller.js';
export { LostFactorsController } from './account/lost-factors.controller.js';
export { RecoveryCodesController } from './factors/recovery-codes/recovery-codes.controller.js';
export { AuthenticateController } from './sign-in/authenticate.controller.js';
export { MfaSessionController } from './account/session.controller.js';
export { TotpController } from './factors/totp/totp.controller.js';
export { MfaSessionsController } from './account/sessions.controller.js';
export { TrustedDevicesController } from './trusted-browsers/trusted-devices.controller.js';
export { AuthenticateWebAuthnController } from './factors/webauthn/authenticate-webauthn.controller.js';
export { PasskeyController } from './factors/webauthn/passkey.controller.js';
export { SignUpController } from './factors/webauthn/sign-up.controller.js';
export { MfaFactorChallengeController } from './factors/plugged/factor-challenge.controller.js';
export { MfaFactorsController } from './factors/plugged/factors.controller.js';
export { WebAuthnController } from './factors/webauthn/webauthn.controller.js';
