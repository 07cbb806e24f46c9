// `nestjs-mfa/opentelemetry`: spans and metrics, using only the OpenTelemetry API.
export { MFA_METRICS } from './instruments.js';
export type { MfaTelemetryOptions } from './mfa-telemetry.js';
export { MfaTelemetryModule } from './mfa-telemetry.module.js';
