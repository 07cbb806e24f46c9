// `nestjs-mfa/terminus`: a health indicator for `@nestjs/terminus`.
export type { MfaHealthOptions, MfaHealthProblem } from './mfa-health.indicator.js';
export { MfaHealthIndicator } from './mfa-health.indicator.js';
