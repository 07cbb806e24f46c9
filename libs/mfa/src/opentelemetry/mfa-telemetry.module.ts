import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';

import type { MfaTelemetryOptions } from './mfa-telemetry.js';
import { MfaTelemetry, TELEMETRY_OPTIONS } from './mfa-telemetry.js';

/**
 * Spans and metrics of the module for OpenTelemetry. Import it beside `MfaModule`; it needs `@opentelemetry/api` alone, and says nothing until the
 * application has an SDK.
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
