// An application like the demo, with everything from the library that a site would enable.
import { Controller, Get, Module } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaImportService, MfaModule, RequireMfa } from 'nestjs-mfa';

import { LoginController, QuietAdapter, decorate } from '../../../tools/support/application.mjs';
import { OpenController, listen, ormOptions } from '../support/nest.mjs';
import { RELYING_PARTY } from '../support/relying-party.mjs';
import { Recorder } from './recorder.mjs';

/** This benchmark has no users table: every user exists. */
class Adapter extends QuietAdapter {
  findUser(id) {
    return { id, email: `${id}@example.com` };
  }
}

export class GuardedController {
  get() {
    return { ok: true };
  }
}
decorate(GuardedController, 'get', [Get('guarded'), RequireMfa()]);
Controller()(GuardedController);

/** @param storage the option `storage`; its defaults unless the command line sets it */
export function mfaModule(storage = {}) {
  return MfaModule.forRoot({
    secret: 'a secret for measuring, of 32 bytes or more',
    adapter: Adapter,
    webauthn: { rpId: RELYING_PARTY.id, rpName: RELYING_PARTY.name, origins: [RELYING_PARTY.origin] },
    passkeyLogin: true,
    trustedDevices: { enabled: true },
    pages: true,
    // The clock advances by minutes at a time, which must not make a proof too old.
    gracePeriodSeconds: 86_400,
    retention: { everySeconds: 0 },
    storage,
  });
}

function moduleOn(settings, imports) {
  class BenchModule {}
  Module({
    imports: [TypeOrmModule.forRoot(ormOptions(settings)), mfaModule(settings.storage), ...imports],
    controllers: [LoginController, GuardedController, OpenController],
  })(BenchModule);
  return BenchModule;
}

/**
 * Starts the application, with a clock that can be advanced: codes work only once, and nobody waits for the next one.
 */
export async function startApplication(settings, { imports = [] } = {}) {
  let ahead = 0;
  const { app, url } = await listen(moduleOn(settings, imports), (made) => {
    made.get(MFA_CLOCK).now = () => Date.now() + ahead;
  });
  const dataSource = app.get(getDataSourceToken());
  const recorder = new Recorder(dataSource);
  return {
    app,
    url,
    dataSource,
    recorder,
    commands: {
      advance: (seconds) => (ahead += seconds * 1000),
      record: (isOn) => (isOn ? recorder.start() : recorder.stop()),
      enrol: (users) =>
        app
          .get(MfaImportService)
          .importRecords(users.map(({ id, secret }) => ({ userId: id, totp: { secret } }))),
    },
  };
}
