// A typical application in its own process, except that its clock is fast and its sessions are short.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { writeHeapSnapshot } from 'node:v8';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaModule, RequireMfa, mfaMigrations, useBinaryCollation } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { LoginController, QuietAdapter, decorate } from '../support/application.mjs';
import { TIMEOUT_SECONDS, clockSince } from './common.mjs';

class GuardedController {
  get() {
    return { isGuarded: true };
  }
}
decorate(GuardedController, 'get', [Get('guarded'), RequireMfa()]);
Controller()(GuardedController);

function moduleOn(orm) {
  class SoakModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({
        ...orm,
        autoLoadEntities: true,
        migrations: mfaMigrations,
        migrationsRun: true,
      }),
      MfaModule.forRoot({
        secret: 'a secret for the soak, of 32 bytes or more',
        adapter: QuietAdapter,
        webauthn: { rpId: 'example.com', rpName: 'Example', origins: ['https://app.example.com'] },
        trustedDevices: { enabled: true },
        passkeyLogin: true,
        audit: { enabled: true },
        storage: { timeoutSeconds: TIMEOUT_SECONDS },
        // Many times more sessions than are alive at once come and go within the hour.
        session: { ttlSeconds: 600, pendingTtlSeconds: 120 },
        totp: { setupTtlSeconds: 300, maxPerUser: 2 },
        retention: { everySeconds: 10 },
      }),
    ],
    controllers: [LoginController, GuardedController],
  })(SoakModule);
  return SoakModule;
}

/** How many requests wait for a pooled connection, according to its driver. */
function waitingIn({ driver }) {
  const { master, pool } = driver;
  return master?.waitingCount ?? pool?._connectionQueue?.length ?? pool?.pool?._connectionQueue?.length ?? 0;
}

function countOf(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const delay = monitorEventLoopDelay({ resolution: 10 });

async function collectGarbage() {
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
}

/** The memory in use after garbage collection, and what delays the process. */
async function sample(dataSource, isFull) {
  if (isFull) await collectGarbage();
  const { heapUsed, rss, external } = process.memoryUsage();
  const longestDelayMs = delay.max / 1e6;
  delay.reset();
  return {
    heapUsed,
    rss,
    external,
    longestDelayMs,
    waiting: waitingIn(dataSource),
    resources: countOf(process.getActiveResourcesInfo()),
  };
}

async function start({ orm, startedAt }) {
  if (orm.type === 'mariadb') useBinaryCollation();
  const app = await NestFactory.create(moduleOn(orm), { logger: false, abortOnError: false });
  app.get(MFA_CLOCK).now = clockSince(startedAt);
  // Longer than a user pauses: a client might reuse a connection just as the server closes it.
  app.getHttpServer().keepAliveTimeout = 60_000;
  await app.listen(0, '127.0.0.1');
  const dataSource = app.get(DataSource);
  delay.enable();
  process.on('message', async ({ isFull, snapshotTo }) => {
    if (snapshotTo === undefined) return process.send(await sample(dataSource, isFull));
    await collectGarbage();
    return process.send({ snapshot: writeHeapSnapshot(snapshotTo) });
  });
  process.send({ url: await app.getUrl() });
}

start(JSON.parse(process.argv[2])).catch((error) => {
  process.send({ failure: error.stack });
});
// The parent is gone, so nobody else would end this process.
process.once('disconnect', () => process.exit(1));
