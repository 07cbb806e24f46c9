import { randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';

import { freePort } from '../../tools/support/free-port.mjs';
import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';

/** Starts the demo with an in-memory database on a port of localhost, which its relying party knows. */
export async function startDemo(
  environment: Record<string, string> = {},
): Promise<{ app: INestApplication; url: string }> {
  const port = await freePort();
  const { database, mfa } = readConfig({
    PORT: String(port),
    DATABASE_URL: 'sqlite::memory:',
    MFA_SECRET: randomBytes(32).toString('base64url'),
    ...environment,
  });
  const app = await createDemo({ database, mfa }, { logger: false });
  await app.listen(port, 'localhost');
  return { app, url: `http://localhost:${port}` };
}
