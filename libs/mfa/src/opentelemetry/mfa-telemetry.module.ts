import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';

import type { MfaTelemetryOptions } from './mfa-telemetry.js';
import { MfaTelemetry, TELEMETRY_OPTIONS } from './mfa-telemetry.js';

/**
 * Spans and metrics for OpenTelemetry. Import it next to `MfaModule`. It only needs `@opentelemetry/api`, and emits
 * nothing until the application sets up an SDK.
 */
@Module({})
export class MfaTelemetryModule {
  static forRoot(options: MfaTelemetryOptions = {}): DynamicModule {
    return {
      module: MfaTelemetryModule,
      providers: [MfaTelemetry, { provide: TELEMETRY_OPTIONS, useValue: options }],
    };
  }
}
