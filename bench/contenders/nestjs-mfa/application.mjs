// An application like the demo: all of the library that a site would have on.
import { Controller, Get, Module } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaImportService, MfaModule, RequireMfa } from 'nestjs-mfa';

import { LoginController, QuietAdapter, decorate } from '../../../tools/support/application.mjs';
import { OpenController, listen, ormOptions } from '../support/nest.mjs';
import { RELYING_PARTY } from '../support/relying-party.mjs';
import { Recorder } from './recorder.mjs';

/** The users of this benchmark are nobody's rows: whoever is asked for is there. */
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

/** @param storage options of the database: what it is on its own unless the command line says otherwise */
export function mfaModule(storage = {}) {
  return MfaModule.forRoot({
    secret: 'a secret for measuring, of 32 bytes or more',
    adapter: Adapter,
    webauthn: { rpId: RELYING_PARTY.id, rpName: RELYING_PARTY.name, origins: [RELYING_PARTY.origin] },
    passkeyLogin: true,
    trustedDevices: { enabled: true },
    pages: true,
    // The clock is moved by minutes at a time, and no proof may grow old by it.
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

/** The application, with a clock that can be moved: no code is good twice, and nobody waits for the next. */
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
