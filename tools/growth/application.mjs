// An application as a user of the library would write it, on the database being measured.
import 'reflect-metadata';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaImportService, MfaModule, RequireMfa } from 'nestjs-mfa';

import { LoginController, QuietAdapter, decorate } from '../support/application.mjs';
import { ormOptions } from './database.mjs';

export const ORIGIN = 'https://app.example.com';
/** How long a proof counts, by the application's clock: longer than a run. */
export const PROOF_COUNTS_SECONDS = 3600;

class ProtectedController {
  get() {
    return 'protected';
  }
}
decorate(ProtectedController, 'get', [Get()]);
RequireMfa()(ProtectedController);
Controller('protected')(ProtectedController);

function moduleOn(database) {
  class GrowthModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ ...ormOptions(database), autoLoadEntities: true }),
      MfaModule.forRoot({
        secret: 'a secret for measuring, of 32 bytes or more',
        adapter: QuietAdapter,
        webauthn: { rpId: 'example.com', rpName: 'Example', origins: [ORIGIN] },
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        audit: { enabled: true },
        gracePeriodSeconds: PROOF_COUNTS_SECONDS,
        storage: { timeoutSeconds: 300 },
        retention: { everySeconds: 0 },
      }),
    ],
    controllers: [LoginController, ProtectedController],
  })(GrowthModule);
  return GrowthModule;
}

/** Starts the application on a free port. Its clock only moves when moved, so that no one has to wait for codes. */
export async function startApplication(database, startsAt) {
  const app = await NestFactory.create(moduleOn(database), { logger: ['error', 'warn'] });
  await app.init();
  const clock = { time: startsAt, advance: (seconds) => (clock.time += seconds * 1000) };
  app.get(MFA_CLOCK).now = () => clock.time;
  await app.listen(0, '127.0.0.1');
  // Importing the first codes creates their key: the application wouldn't create one for codes it finds already in the
  // table.
  const first = { userId: 'first', totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } };
  await app.get(MfaImportService).importRecords([{ ...first, recoveryCodes: [{ code: '11111111' }] }]);
  const sealKey = app.get(Symbol.for('nestjs-mfa:KEY_RING'), { strict: false }).current('seal');
  return { app, clock, url: await app.getUrl(), dataSource: app.get(getDataSourceToken()), sealKey };
}
