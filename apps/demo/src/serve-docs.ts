import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { MfaModule, describeMfa } from 'nestjs-mfa';

import { AuthModule } from './auth/auth.module.js';
import { DemoModule } from './demo.module.js';

/** Serves the OpenAPI page at `/docs` and the document at `/docs-json`. The document is generated on first use. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setTitle('nestjs-mfa demo')
    .setDescription(
      'The JSON routes of the module, and the few of this demo. The page sends the session cookie by itself.',
    )
    .setVersion('1')
    // Tags named here come first.
    .addTag('The demo: password')
    .addTag('The demo: what is protected')
    .build();
  SwaggerModule.setup('docs', app, () =>
    describeMfa(
      app,
      // Without the pages.
      SwaggerModule.createDocument(app, config, { include: [DemoModule, AuthModule, MfaModule] }),
    ),
  );
}
