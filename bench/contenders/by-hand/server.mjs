import { Module } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';

import { OpenController, listen, ormOptions } from '../support/nest.mjs';
import { serve } from '../support/serve.mjs';
import { ByHandController } from './controller.mjs';
import { Credential, RecoveryCode, Session, User } from './tables.mjs';

const entities = [User, RecoveryCode, Credential, Session];

await serve(async (settings) => {
  class ByHandModule {}
  Module({
    imports: [TypeOrmModule.forRoot({ ...ormOptions(settings), entities })],
    controllers: [ByHandController, OpenController],
  })(ByHandModule);
  const { app, url } = await listen(ByHandModule);
  const dataSource = app.get(getDataSourceToken());
  return {
    url,
    commands: {
      async enrol(users) {
        await dataSource.getRepository(User).insert(users.map(({ id, secret = '' }) => ({ id, secret })));
      },
      async renew({ userId, codes }) {
        await dataSource.getRepository(RecoveryCode).insert(codes.map((code) => ({ userId, code })));
      },
    },
  };
});
