import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';

import { Client } from '../support/client.js';
import { startDemo } from '../support/demo-app.js';

describe('the demo', () => {
  let app: INestApplication;
  let client: Client;

  beforeAll(async () => {
    const demo = await startDemo({ MFA_PAGES: 'true' });
    app = demo.app;
    client = new Client(demo.url);
  });

  afterAll(() => app.close());

  it('serves the OpenAPI document, with its own routes and without pages', async () => {
    const { status, body } = await client.get('/docs-json');
    expect(status).toBe(200);
    const paths = Object.keys(body.paths);
    expect(paths).toEqual(
      expect.arrayContaining(['/auth/login', '/reports', '/mfa/status', '/.well-known/webauthn']),
    );
    expect(paths.filter((path) => /^\/(account|login|outbox|profile|register)?$/.test(path))).toEqual([]);
    expect(body.paths['/auth/login'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/CredentialsDto',
    });
    expect(body.components.securitySchemes).toMatchObject({
      mfa_cookie: { type: 'apiKey', in: 'cookie', name: 'mfa_session' },
    });
  });

  it('serves the page that shows it, with its script and style', async () => {
    const { status, text, headers } = await client.get('/docs');
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const files = [...text.matchAll(/(?:src|href)="([^"]*\.(?:js|css))"/g)].map(([, file]) => file as string);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const { pathname } = new URL(file, `${client.url}/docs`);
      expect([file, (await client.get(pathname)).status]).toEqual([file, 200]);
    }
  });
});
