import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';

import { readConfig } from './config.js';
import { ResourceServerModule } from './resource-server.module.js';

async function start(): Promise<void> {
  const { port, ...config } = readConfig(process.env);
  const app = await NestFactory.create(ResourceServerModule.forRoot(config), { abortOnError: false });
  app.enableShutdownHooks();
  await app.listen(port);
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
