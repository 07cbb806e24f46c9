import type { ServerResponse } from 'node:http';
import { join } from 'node:path';

import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import type { DemoConfig } from './config/demo-config.js';
import { DemoModule } from './demo.module.js';
import { serveDocs } from './serve-docs.js';

/** For the playground, whose script calls the JSON routes. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** The demo application with its pages, ready to listen. */
export async function createDemo(
  { database, mfa }: Pick<DemoConfig, 'database' | 'mfa'>,
  options: NestApplicationOptions = {},
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(DemoModule.forRoot({ database, mfa }), {
    abortOnError: false,
    forceCloseConnections: true,
    ...options,
  });
  app.disable('x-powered-by');
  // The library accepts the cookie from these origins; letting browsers send it is a matter of CORS, which the
  // application sets up.
  if (mfa.trustedOrigins?.length) {
    app.enableCors({ origin: mfa.trustedOrigins, credentials: true, exposedHeaders: ['Retry-After'] });
  }
  app.useStaticAssets(join(import.meta.dirname, '..', 'public'), {
    index: false,
    // Serves `playground.html` at `/playground`.
    extensions: ['html'],
    setHeaders: (response: ServerResponse) => {
      response.setHeader('Content-Security-Policy', POLICY);
    },
  });
  serveDocs(app);
  return app;
}
