import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { MfaModuleOptions } from 'nestjs-mfa';
import { MFA_ADAPTER, MFA_CLOCK, MfaModule } from 'nestjs-mfa';
import type { DataSource } from 'typeorm';

import { Client } from '../../support/client.js';
import { TestClock } from '../../support/clock.js';
import { MemoryLogger } from '../../support/memory-logger.js';
import type { TestApp } from '../../support/test-app.js';
import { settled } from '../../support/inside.js';
import { ProtectedController, SECRET, TestAdapter, TestController } from '../../support/test-app.js';

export interface TransportAppOptions extends ModuleMetadata {
  mfa?: Partial<MfaModuleOptions>;
  /** Makes the application, when it is to be another than Express's. */
  create?: (module: TestingModule, logger: MemoryLogger) => INestApplication;
  /** Changes the application before it listens. */
  configure?: (app: INestApplication) => void | Promise<void>;
}

/** Like `startTestApp()`, with modules and providers of the test, on any platform. */
export async function startTransportApp(options: TransportAppOptions): Promise<TestApp> {
  const clock = new TestClock();
  const logger = new MemoryLogger();
  const module = await Test.createTestingModule({ imports: [moduleOf(options, logger)] })
    .overrideProvider(MFA_CLOCK)
    .useValue(clock)
    .compile();
  const app =
    options.create?.(module, logger) ?? module.createNestApplication({ forceCloseConnections: true, logger });
  await options.configure?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    url,
    clock,
    logger,
    dataSource: app.get<DataSource>(getDataSourceToken()),
    adapter: app.get<TestAdapter>(MFA_ADAPTER),
    client: (headers) => new Client(url, headers),
    settled: () => settled(app),
    close: () => app.close(),
  };
}

/** The root module of such an application. */
export function moduleOf(
  { mfa = {}, imports = [], controllers = [], providers = [] }: TransportAppOptions,
  logger: MemoryLogger,
): new () => object {
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'better-sqlite3',
        database: ':memory:',
        autoLoadEntities: true,
        synchronize: true,
        logger,
      }),
      MfaModule.forRoot({ secret: SECRET, adapter: TestAdapter, ...mfa }),
      ...imports,
    ],
    controllers: [TestController, ProtectedController, ...controllers],
    providers,
  })
  class TransportModule {}
  return TransportModule;
}

/** The headers by which this client is known. */
export function headersOf(client: Client): Record<string, string> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return { ...client.headers, ...(cookie ? { cookie } : {}) };
}
