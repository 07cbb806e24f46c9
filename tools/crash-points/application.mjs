// A process that does one thing after another with the application, each with an application of its own, and is killed at a point of one of them. The parent says
// what by messages.
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaModule, RequireMfa, emailCode, mfaMigrations, useBinaryCollation } from 'nestjs-mfa';

import { LoginController, QuietAdapter, decorate } from '../support/application.mjs';
import { FLOWS } from './flows.mjs';
import { Killer } from './killer.mjs';
import { ORIGIN, Site } from './site.mjs';

const mails = [];
const accounts = new Set();

class Adapter extends QuietAdapter {
  sendMessage({ text }) {
    mails.push(text);
  }

  findUser(id) {
    return { id, email: id.includes('@') ? id : `${id}@example.com` };
  }

  createUser({ name }) {
    accounts.add(name);
    return { id: name, email: name };
  }

  discardUser({ id }) {
    accounts.delete(id);
  }
}

class OnceController {
  spend() {
    return { ok: true };
  }
}
decorate(OnceController, 'spend', [Post('once'), HttpCode(200), RequireMfa({ once: true })]);
Controller()(OnceController);

const orm = JSON.parse(process.env.CRASH_POINTS_ORM);
const killer = new Killer();
await killer.watch(orm.type);
if (orm.type === 'mariadb') useBinaryCollation();

function newModule() {
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
        adapter: Adapter,
        factors: [emailCode()],
        webauthn: { rpId: 'example.com', rpName: 'Example', origins: [ORIGIN] },
        passkeyLogin: true,
        passkeySignUp: true,
        trustedDevices: { enabled: true },
        newSignIn: { enabled: true },
        audit: { enabled: true },
        gracePeriodSeconds: 43_200,
        changesNeed: 'any',
        // An attempt that was cut off is spent; the limit has tests of its own.
        rateLimit: { attempts: 1000, lockAfter: 4 },
        retention: { everySeconds: 0 },
      }),
    ],
    controllers: [LoginController, OnceController],
  })(CrashModule);
  return CrashModule;
}

/** Does what comes before a flow, or the flow; answers with the state, the points that it took and the tables that it wrote. */
async function run({ index, part, state, killAt }) {
  mails.length = 0;
  const app = await NestFactory.create(newModule(), { logger: false, abortOnError: false });
  app.get(MFA_CLOCK).now = () => Date.now() + state.ahead * 1000;
  await app.listen(0, '127.0.0.1');
  const site = new Site(app, await app.getUrl(), state, mails);
  if (part === 'before') for (const step of FLOWS[index].before) await step(site);
  if (part === 'act') {
    killer.arm(killAt);
    await FLOWS[index].act(site);
    killer.isArmed = false;
  }
  await app.close();
  return { state, count: killer.count, tables: [...killer.tables] };
}

process.on('message', (message) => {
  run(message).then(
    (result) => process.send(result),
    (error) => process.send({ failure: error.stack ?? String(error) }, () => process.exit(1)),
  );
});
process.once('disconnect', () => process.exit());
