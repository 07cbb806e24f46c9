// The application to be killed, in its own process. It loads all code, and opens the database when told to start.
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaModule, mfaMigrations, useBinaryCollation } from 'nestjs-mfa';

import { LoginController, QuietAdapter } from '../support/application.mjs';
import { ORIGIN, clockSince } from './common.mjs';

function moduleOn(orm) {
  class CrashModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({
        ...orm,
        autoLoadEntities: true,
        migrations: mfaMigrations,
        migrationsRun: true,
        retryAttempts: 0,
      }),
      MfaModule.forRoot({
        secret: 'a secret for crashes, of 32 bytes or more',
        adapter: QuietAdapter,
        webauthn: { rpId: 'example.com', rpName: 'Example', origins: [ORIGIN] },
        trustedDevices: { enabled: true },
        audit: { enabled: true },
        gracePeriodSeconds: 43_200,
        // Any recent proof: which factor it is depends on timing.
        changesNeed: 'any',
        session: { pendingTtlSeconds: 3600 },
        totp: { setupTtlSeconds: 3600 },
        // Crashes consume attempts; the limit has its own tests.
        rateLimit: { attempts: 1000, lockAfter: 100 },
        retention: { everySeconds: 0 },
      }),
    ],
    controllers: [LoginController],
  })(CrashModule);
  return CrashModule;
}

async function start({ orm, startedAt }) {
  if (orm.type === 'mariadb') useBinaryCollation();
  const app = await NestFactory.create(moduleOn(orm), { logger: ['fatal'], abortOnError: false });
  app.get(MFA_CLOCK).now = clockSince(startedAt);
  await app.listen(0, '127.0.0.1');
  process.send({ url: await app.getUrl() });
}

process.once('message', (message) => {
  start(message).catch((error) => {
    process.send({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
// The parent is gone, so nobody else would end this process.
process.once('disconnect', () => process.exit(1));
process.send('loaded');
