// A process that performs one action with the application, and is killed at a statement of it. The parent sends the
// action in a message.
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import Database from 'better-sqlite3';
import { MFA_CLOCK, MfaModule, RequireMfa, emailCode, mfaMigrations } from 'nestjs-mfa';

import { LoginController, QuietAdapter, decorate } from '../support/application.mjs';
import { FLOWS } from './flows.mjs';
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

/** Exits immediately before the given statement. Reads leave nothing behind, so they aren't counted. */
class Killer {
  count = 0;
  tables = new Set();
  killAt = null;
  isArmed = false;

  before(sql) {
    if (!this.isArmed || /^\s*(?:SELECT|PRAGMA|SAVEPOINT|RELEASE)/i.test(sql)) return;
    this.count += 1;
    for (const [, table] of sql.matchAll(/(?:INTO|UPDATE|FROM)\s+"?(mfa_\w+)"?/gi)) this.tables.add(table);
    if (this.count !== this.killAt) return;
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  }
}

const killer = new Killer();

/** Below TypeORM, where every statement passes. */
function watch() {
  const statement = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1'));
  for (const method of ['run', 'all', 'get']) {
    const original = statement[method];
    statement[method] = function (...given) {
      killer.before(this.source);
      return original.apply(this, given);
    };
  }
  const { exec } = Database.prototype;
  Database.prototype.exec = function (sql) {
    killer.before(sql);
    return exec.call(this, sql);
  };
}

function moduleOn(file) {
  class CrashModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'better-sqlite3',
        database: file,
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
        // Interrupted attempts count as failed; the limit has its own tests.
        rateLimit: { attempts: 1000, lockAfter: 4 },
        retention: { everySeconds: 0 },
      }),
    ],
    controllers: [LoginController, OnceController],
  })(CrashModule);
  return CrashModule;
}

/** Performs a flow or what precedes it; replies with the state, the statements it took and the tables it wrote. */
async function run({ file, index, part, state, killAt }) {
  watch();
  const app = await NestFactory.create(moduleOn(file), { logger: false, abortOnError: false });
  app.get(MFA_CLOCK).now = () => Date.now() + state.ahead * 1000;
  await app.listen(0, '127.0.0.1');
  const site = new Site(app, await app.getUrl(), state, mails);
  const { before, act } = FLOWS[index];
  if (part === 'before') for (const step of before) await step(site);
  else {
    Object.assign(killer, { isArmed: true, killAt });
    await act(site);
    killer.isArmed = false;
  }
  await app.close();
  return { state, count: killer.count, tables: [...killer.tables] };
}

process.once('message', (message) => {
  run(message).then(
    (result) => process.send(result, () => process.exit(0)),
    (error) => process.send({ failure: error.stack ?? String(error) }, () => process.exit(1)),
  );
});
process.once('disconnect', () => process.exit(1));
