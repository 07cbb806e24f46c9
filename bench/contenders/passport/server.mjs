import { getDataSourceToken } from '@nestjs/typeorm';
import session from 'express-session';
import passport from 'passport';

import { listen } from '../support/nest.mjs';
import { serve } from '../support/serve.mjs';
import { User, moduleOn } from './application.mjs';
import { DatabaseStore } from './session-store.mjs';

await serve(async (settings) => {
  let dataSource;
  const { url } = await listen(moduleOn(settings), (app) => {
    dataSource = app.get(getDataSourceToken());
    app.use(
      session({
        secret: 'a secret for measuring, of 32 bytes or more',
        store: new DatabaseStore(dataSource),
        resave: false,
        saveUninitialized: false,
      }),
      passport.session(),
    );
  });
  const enrol = async (users) => void (await dataSource.getRepository(User).insert(users));
  return { url, commands: { enrol } };
});
