// The public API of `nestjs-mfa/claims`: describing a sign-in in access tokens, and deciding based on them.
export type { MfaClaims, MfaClaimsOptions, MfaProvenSession, WebAuthnFacts } from './mfa-claims.js';
export type { MfaAcrLevel, MfaAcrLevels } from '../core/policy/acr.js';
export { MFA_ACR_LEVELS } from '../core/policy/acr.js';
export { mfaClaims } from './mfa-claims.js';
export type { MfaProofClaim } from './proof-claims.js';
export type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
export { MfaClaimsModule } from './mfa-claims.module.js';
export type { MfaClaimFacts } from './read-mfa-claims.js';
export { readMfaClaims } from './read-mfa-claims.js';
export { readExternalMfa } from './read-external-mfa.js';
