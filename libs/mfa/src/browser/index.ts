// The public API of `nestjs-mfa/browser`.
export type * from './answers.js';
export type { HeadersOption } from './call.js';
export { createCredential, getCredential } from './ceremonies.js';
export { createMfaClient } from './create-mfa-client.js';
export type {
  CeremonyRequest,
  EndsOthers,
  FactorName,
  FirstCode,
  MfaClient,
  MfaClientOptions,
  TrustRequest,
} from './mfa-client.js';
export type { MfaClientErrorCode, MfaClientErrorDetails, MfaClientOnlyCode } from './mfa-client-error.js';
export { MfaClientError, isMfaClientError } from './mfa-client-error.js';
export type { Fetch } from './session-header.js';
export type { StepUpCode, StepUpHandler, StepUpOptions } from './step-up.js';
export { withStepUp } from './step-up.js';
export type { AuthenticationMethod, MfaType } from '../core/policy/methods.js';
export type { MfaRefusalReason } from '../core/errors/mfa-exception.js';
export type { MfaNeeds } from '../core/policy/policy.js';
export type { WebAuthnCredentialRole } from '../factors/webauthn/credential-role.js';
export type { MfaErrorCode } from '../core/errors/error-codes.js';
export {
  browserSupportsWebAuthn as supportsWebAuthn,
  browserSupportsWebAuthnAutofill as supportsPasskeyAutofill,
} from '@simplewebauthn/browser';
