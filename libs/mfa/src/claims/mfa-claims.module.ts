import type { DynamicModule, OnModuleInit } from '@nestjs/common';
import { Inject, Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MFA_CLOCK, systemClock } from '../clock/clock.js';
import { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { MfaGuard } from '../guard/mfa.guard.js';
import { MfaExceptionMapper } from '../http/mfa-exception-mapper.js';
import { MfaOptionsError } from '../options/options-error.js';
import { ClaimsExceptionMapper } from './claims-exception-mapper.js';
import { ClaimsPolicy } from './claims-policy.service.js';
import type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
import { MFA_CLAIMS_OPTIONS, resolveClaimsOptions } from './mfa-claims-module-options.js';

/**
 * `@RequireMfa()` for an API that verifies access tokens and has no sessions of its own: in place of `MfaModule`, global, and
 * without a database.
 *
 * Nest builds the guard of `@UseGuards()` anew in every module that uses it, so it is what the guard asks that is replaced
 * here, not the guard.
 */
@Module({})
export class MfaClaimsModule implements OnModuleInit {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  /** @throws {MfaOptionsError} when an option is wrong */
  static forRoot(options: MfaClaimsModuleOptions = {}): DynamicModule {
    return {
      module: MfaClaimsModule,
      global: true,
      providers: [
        { provide: MFA_CLAIMS_OPTIONS, useValue: resolveClaimsOptions(options) },
        { provide: MFA_CLOCK, useValue: systemClock },
        { provide: MfaPolicyService, useClass: ClaimsPolicy },
        { provide: MfaExceptionMapper, useClass: ClaimsExceptionMapper },
        MfaGuard,
      ],
      exports: [MFA_CLOCK, MfaPolicyService, MfaExceptionMapper, MfaGuard],
    };
  }

  /** @throws {MfaOptionsError} beside `MfaModule`: which of them the guard asked would hang on the order of imports */
  onModuleInit(): void {
    if (this.hasAdapter()) {
      throw new MfaOptionsError([
        '`MfaClaimsModule` is for applications without `MfaModule`: import one of the two',
      ]);
    }
  }

  private hasAdapter(): boolean {
    try {
      return this.modules.get<unknown>(MFA_ADAPTER, { strict: false }) !== undefined;
    } catch {
      return false;
    }
  }
}
