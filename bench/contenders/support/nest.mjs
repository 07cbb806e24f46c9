// What the contenders built on Nest have in common.
import 'reflect-metadata';

import { Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { decorate } from '../../../tools/support/application.mjs';
import { keepConnections } from './serve.mjs';
import { tune } from './sqlite.mjs';

/** TypeORM's options for the database created by the driver. */
export function ormOptions({ orm }) {
  return {
    ...orm,
    ...(orm.type === 'better-sqlite3' ? { prepareDatabase: tune } : {}),
    autoLoadEntities: true,
    synchronize: true,
  };
}

/** The cost of the framework alone: responds like the guarded route. */
export class OpenController {
  get() {
    return { ok: true };
  }
}
decorate(OpenController, 'get', [Get('open')]);
Controller()(OpenController);

/** Starts the application on a free port. */
export async function listen(module, prepare = () => undefined) {
  const app = await NestFactory.create(module, { logger: ['error'] });
  await prepare(app);
  keepConnections(app.getHttpServer());
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}
