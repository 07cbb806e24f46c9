import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { MfaClaimsModule } from 'nestjs-mfa';

import { CONFIG } from './auth/config-token.js';
import { JwtAuthGuard } from './auth/jwt-auth.guard.js';
import { JwtStrategy } from './auth/jwt.strategy.js';
import type { ResourceServerConfig } from './config.js';
import { FiguresController } from './figures.controller.js';

/** An API that identifies users by their access tokens alone. */
@Module({})
export class ResourceServerModule {
  static forRoot(config: ResourceServerConfig): DynamicModule {
    const { gracePeriodSeconds } = config;
    return {
      module: ResourceServerModule,
      imports: [PassportModule, MfaClaimsModule.forRoot({ gracePeriodSeconds })],
      controllers: [FiguresController],
      // Global guards run before a route's own, so `request.user` is set by the time `@RequireMfa()` reads it.
      providers: [
        { provide: CONFIG, useValue: config },
        JwtStrategy,
        { provide: APP_GUARD, useClass: JwtAuthGuard },
      ],
    };
  }
}
