import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Post, VersioningType } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { MfaModule, TotpController } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, enroll, halfSignIn, newUserId } from '../support/test-app.js';
import type { TransportAppOptions } from '../transports/support/transport-app.js';
import { startTransportApp } from '../transports/support/transport-app.js';

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=ISO-8859-1',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=x',
  'multipart/form-data; boundary=x',
  'text/plain;charset=UTF-8',
  'application/octet-stream',
  'application/',
  'nonsense',
];

/** Routes of the application, beside ours or below them. */
@Controller(['own', 'mfa/own'])
class OwnController {
  @Post()
  post(): string {
    return 'own';
  }

  @Get()
  get(): string {
    return 'own';
  }
}

@Controller({ path: 'account/:tenant/app', version: '2' })
class AppRoutes extends TotpController {}

describe.each(Object.entries(PLATFORMS))('bodies on %s', (platform, createOn) => {
  describe('that are not there', () => {
    let test: TestApp;
    beforeAll(async () => {
      test = await startTransportApp({
        create: createOn(),
        mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, trustedDevices: { enabled: true } },
      });
    });
    afterAll(() => test.close());

    it.each([undefined, ...TYPES])('are not missed when they are called %j', async (type) => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const ask = (who: Client, method: string, path: string) =>
        who.send(method, path, method === 'GET' ? undefined : '', headers);
      const { client } = await enroll(test);
      const id = newUserId();
      const keyed = test.client();
      await keyed.post('/login', { id });
      const setup = await ask(keyed, 'POST', '/mfa/totp');
      const creation = await ask(keyed, 'POST', '/mfa/webauthn/options');
      const credential = new SoftwareAuthenticator().create(creation.body);
      expect((await keyed.post('/mfa/webauthn', { credential })).status).toBe(201);
      const half = await halfSignIn(test, { id });
      const answers = [
        setup,
        creation,
        await ask(client, 'POST', '/mfa/recovery-codes'),
        await ask(half, 'POST', '/mfa/authenticate/webauthn/options'),
        await ask(half, 'POST', '/mfa/passkey/options'),
        await ask(half, 'GET', '/mfa/session'),
        await ask(client, 'DELETE', '/mfa/trusted-devices'),
        await ask(client, 'DELETE', '/mfa/session'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([201, 200, 201, 200, 200, 200, 204, 204]);
      // Where one is needed, its lack is said in our own shape.
      const missing = await ask(half, 'POST', '/mfa/authenticate');
      expect([missing.status, missing.body.code]).toEqual([400, 'invalid_request']);
    });

    it.each(TYPES)('come from no other site, called %j', async (type) => {
      const client = test.client();
      await client.post('/login', { id: newUserId() });
      const forged = { 'content-type': type, 'sec-fetch-site': 'cross-site', origin: 'null' };
      expect((await client.send('POST', '/mfa/totp', '', forged)).body.code).toBe('cross_origin');
    });
  });

  describe.each<[string, string, string, TransportAppOptions]>([
    ['as it is', '', '', {}],
    ['with a global prefix', '/api', '/api', { configure: (app) => void app.setGlobalPrefix('api') }],
    [
      'with a global prefix that spares its routes',
      '',
      '',
      {
        configure: (app) => void app.setGlobalPrefix('api', { exclude: ['mfa/{*path}', 'account/{*path}'] }),
      },
    ],
    [
      'with a global prefix, and versions in the path',
      '/api',
      '/api/v2',
      {
        configure: (app) =>
          void app
            .setGlobalPrefix('/api/')
            .enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
      },
    ],
    [
      'in a part of the application',
      '/part',
      '',
      { imports: [RouterModule.register([{ path: 'part', module: MfaModule }])] },
    ],
  ])('that can not be read, in an application %s', (_name, prefix, prefixOfOwn, options) => {
    let test: TestApp;
    beforeAll(async () => {
      test = await startTransportApp({
        create: createOn(),
        ...options,
        controllers: [OwnController, AppRoutes],
        mfa: { pages: true },
      });
    });
    afterAll(() => test.close());

    it.each([
      ['broken JSON', '{'],
      ['too much of it', `"${'x'.repeat(2_000_000)}"`],
    ])('are refused under our code: %s', async (_what, body) => {
      const {
        status,
        body: answer,
        headers,
      } = await test.client().send('POST', `${prefix}/mfa/authenticate`, body);
      expect([status, answer.code, headers.get('cache-control')]).toEqual([
        400,
        'invalid_request',
        'no-store',
      ]);
    });

    it('are refused with a page where there are pages', async () => {
      const page = `${prefix}/account/security/authenticate`;
      const browser = PageClient.of(test.client());
      const fields = `code=${'x'.repeat(2_000_000)}`;
      const answer = await browser.send('POST', page, fields, {
        'content-type': 'application/x-www-form-urlencoded',
      });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(textOf(answer.text)).toContain('not valid');
    });

    it("are the application's own business on its own routes", async () => {
      for (const path of ['/own', '/api/own', '/api/v1/own', '/v1/own']) {
        const { body } = await test.client().send('POST', path, '{');
        expect(body.code).toBeUndefined();
      }
    });

    it('are refused under our code where the application has mounted a controller itself', async () => {
      const path = `${prefixOfOwn}/account/7/app/activate`;
      const { status, body } = await test.client().send('POST', path, '{');
      expect([status, body.code]).toEqual([400, 'invalid_request']);
    });
  });

  it("leave an application's own refusals as they are", async () => {
    const test = await startTransportApp({
      create: createOn(),
      configure: (app) => {
        const limit = new HttpException('Slow down', 429);
        if (platform === 'Fastify') {
          (app.getHttpAdapter().getInstance() as FastifyInstance).addHook(
            'onRequest',
            (_request, _reply, done) => done(limit),
          );
        } else {
          app.use((_request: unknown, _response: unknown, next: (error: Error) => void) => next(limit));
        }
      },
    });
    const { status, body } = await test.client().post('/mfa/totp');
    expect([status, body.code]).toEqual([429, undefined]);
    await test.close();
  });
});
