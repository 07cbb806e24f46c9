// `nestjs-mfa/opentelemetry`: spans and metrics, through the API of OpenTelemetry alone.
export { MFA_METRICS } from './instruments.js';
export type { MfaTelemetryOptions } from './mfa-telemetry.js';
export { MfaTelemetryModule } from './mfa-telemetry.module.js';
