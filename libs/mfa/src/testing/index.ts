// `nestjs-mfa/testing`: helpers for the tests of applications. Works with any test framework, and refuses to run in
// production.
export type { MfaSentNotification } from './mfa-outbox.js';
export { MfaOutbox } from './mfa-outbox.js';
export type { MfaTestKit, MfaTestingOptions, MfaTestingBuilder } from './mfa-testing.module.js';
export { MfaTestingModule } from './mfa-testing.module.js';
export { MovableClock } from './movable-clock.js';
export type { KeyPair } from '../core/virtual-authenticators/key-pair.js';
export type { MfaSignIn, MfaTestApplication, SignInWithMfaOptions } from './sign-in-with-mfa.js';
export { signInWithMfa } from './sign-in-with-mfa.js';
export type { SecurityKeySettings } from './software-security-key.js';
export { SoftwareSecurityKey } from './software-security-key.js';
export type { TotpCodeParameters } from './totp-code.js';
export { totpCode } from './totp-code.js';
