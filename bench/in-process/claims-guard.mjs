// The guard of an API that only reads tokens, with claims already verified by a strategy.
import 'reflect-metadata';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MfaClaimsModule, MfaGuard, RequireMfa } from 'nestjs-mfa';

import { decorate } from '../../tools/support/application.mjs';
import { callOf } from './call.mjs';

class FiguresController {
  get() {
    return { ok: true };
  }
}
decorate(FiguresController, 'get', [Get('figures'), RequireMfa()]);
Controller()(FiguresController);

class ClaimsModule {}
Module({
  imports: [MfaClaimsModule.forRoot({ gracePeriodSeconds: 3600 })],
  controllers: [FiguresController],
})(ClaimsModule);

export async function startClaimsGuard() {
  const app = await NestFactory.create(ClaimsModule, { logger: ['error'] });
  await app.init();
  const guard = app.get(MfaGuard, { strict: false });
  const now = Math.floor(Date.now() / 1000);
  const user = { sub: 'user0', amr: ['pwd', 'otp', 'mfa'], auth_time: now, mfa_at: now };
  const decide = () => guard.canActivate(callOf(FiguresController, { user }));
  return { app, decide };
}
