// The public API of `nestjs-mfa/claims`: what an access token says of a sign-in, and deciding on it.
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
