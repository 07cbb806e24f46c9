import type { INestApplication, Type } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import type { MovableClock } from 'nestjs-mfa/testing';
import { MfaTestingModule } from 'nestjs-mfa/testing';

import { Client } from '../../support/client.js';
import { MemoryLogger } from '../../support/memory-logger.js';

/** Makes the application and does what its `main.ts` would. */
export type CreateApplication = (
  module: TestingModule,
  logger: MemoryLogger,
) => INestApplication | Promise<INestApplication>;

export interface StartedApplication {
  app: INestApplication;
  url: string;
  clock: MovableClock;
  logger: MemoryLogger;
  client(headers?: Record<string, string>): Client;
}

const onExpress: CreateApplication = (module, logger) =>
  module.createNestApplication({ forceCloseConnections: true, logger });

/**
 * Starts a whole application as it is, with a clock that the test moves.
 *
 * @param port a port of localhost, for browsers; 0, any of 127.0.0.1, without one
 */
export async function startApplication(
  module: Type,
  create = onExpress,
  port?: number,
): Promise<StartedApplication> {
  const builder = Test.createTestingModule({ imports: [module] });
  const { clock } = MfaTestingModule.wrap(builder);
  const logger = new MemoryLogger();
  const app = await create(await builder.compile(), logger);
  await app.listen(port ?? 0, port === undefined ? '127.0.0.1' : 'localhost');
  const url = await app.getUrl();
  return { app, url, clock, logger, client: (headers) => new Client(url, headers) };
}
