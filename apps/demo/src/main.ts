import 'reflect-metadata';

import { Logger } from '@nestjs/common';

import { readConfig } from './config/demo-config.js';
import { unknownVariables } from './config/mfa-environment.js';
import { createDemo } from './create-demo.js';
import { howToSignIn } from './how-to-sign-in.js';

async function start(): Promise<void> {
  // The demo runs on plain http://localhost; set NODE_ENV=production to see it insist on HTTPS.
  process.env['NODE_ENV'] ??= 'development';
  const logger = new Logger('Demo');
  for (const name of unknownVariables(process.env))
    logger.warn(`Ignoring ${name}: it is not an option of nestjs-mfa`);

  const { port, ...config } = readConfig(process.env);
  const app = await createDemo(config, { logger: ['log', 'warn', 'error', 'fatal'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void app.close().then(() => process.exit(0));
    });
  }
  await app.listen(port);
  process.stdout.write(
    howToSignIn((await app.getUrl()).replace(/\[::1?\]|127\.0\.0\.1|0\.0\.0\.0/, 'localhost')),
  );
}

start().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
