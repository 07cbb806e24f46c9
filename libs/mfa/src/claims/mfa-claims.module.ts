import type { DynamicModule, NestModule, OnModuleInit } from '@nestjs/common';
import { Inject, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, ModuleRef } from '@nestjs/core';

import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MFA_CLOCK, systemClock } from '../core/clock/clock.js';
import { ASK_AGAIN_INTERCEPTOR } from '../guard/judgements.js';
import { HandlerGuards } from '../guard/handler-guards.js';
import { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { MfaGuard } from '../guard/mfa.guard.js';
import { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { GlobalEnhancers } from '../http/global-enhancers.js';
import { MfaExceptionFilter } from '../refusals/mfa-exception.filter.js';
import { MfaOptionsError } from '../options/options-error.js';
import { BrowserRedirect } from '../refusals/browser-redirect.js';
import { ClaimsExceptionMapper } from './claims-exception-mapper.js';
import { ClaimsPolicy } from './claims-policy.service.js';
import type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
import { MFA_CLAIMS_OPTIONS } from '../options/resolved-options.js';
import { resolveClaimsOptions } from './mfa-claims-module-options.js';
import { RefuseOnce } from './refuse-once.js';

/**
 * Provides `@RequireMfa()` for an API that verifies access tokens and has no sessions of its own. Replaces `MfaModule`, is global, and
 * needs no database.
 *
 * Nest instantiates the guard of `@UseGuards()` again in every module that uses it. This module therefore replaces the guard's
 * dependencies, not the guard.
 */
@Module({})
export class MfaClaimsModule implements NestModule, OnModuleInit {
  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(GlobalEnhancers) private readonly enhancers: GlobalEnhancers,
  ) {}

  configure(): void {
    this.enhancers.arrange();
  }

  /** @throws {MfaOptionsError} if an option is wrong */
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
        HandlerGuards,
        RefuseOnce,
        GlobalEnhancers,
        // There are no pages here.
        { provide: BrowserRedirect, useValue: { forBrowser: () => null } satisfies Partial<BrowserRedirect> },
        { provide: APP_FILTER, useClass: MfaExceptionFilter },
        { provide: APP_INTERCEPTOR, useValue: ASK_AGAIN_INTERCEPTOR },
      ],
      exports: [MFA_CLOCK, MfaPolicyService, MfaExceptionMapper, MfaGuard],
    };
  }

  /** @throws {MfaOptionsError} alongside `MfaModule`: the order of imports would decide which policy the guard uses */
  onModuleInit(): void {
    if (this.hasAdapter()) {
      throw new MfaOptionsError([
        '`MfaClaimsModule` is for applications without `MfaModule`: import only one of the two',
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
