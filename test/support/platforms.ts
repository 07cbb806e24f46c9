import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TestingModule } from '@nestjs/testing';

import type { MemoryLogger } from './memory-logger.js';

type Create = (module: TestingModule, logger: MemoryLogger) => INestApplication;

interface PlatformOptions {
  /** Whether the framework trusts proxy headers. */
  trustProxy?: boolean;
}

/** Creates an application on each of the HTTP frameworks. */
export const PLATFORMS: Record<string, (options?: PlatformOptions) => Create> = {
  Express:
    ({ trustProxy = false } = {}) =>
    (module, logger) => {
      const app = module.createNestApplication<NestExpressApplication>({
        forceCloseConnections: true,
        logger,
      });
      app.set('trust proxy', trustProxy);
      return app;
    },
  Fastify:
    ({ trustProxy = false } = {}) =>
    (module, logger) =>
      module.createNestApplication<INestApplication>(new FastifyAdapter({ trustProxy }), {
        forceCloseConnections: true,
        logger,
      }),
};
