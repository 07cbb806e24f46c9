import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, ClassSerializerInterceptor } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';

import { PageAdapter } from '../pages/support.js';
import type { Client } from '../support/client.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, startTestApp } from '../support/test-app.js';

/** What many applications have: whatever was thrown is their own error. */
@Catch()
class CatchAllFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { oops: true }, 500);
  }
}

const PAGES = '/account/security';

describe.each(Object.entries(PLATFORMS))(
  'a catch-all filter and a serializer that leaves all out, of an application on %s',
  (_, create) => {
    let test: TestApp;
    beforeAll(async () => {
      test = await startTestApp({
        create: create(),
        adapter: PageAdapter,
        mfa: { webauthn: RELYING_PARTY, pages: true },
        configure: (app) => {
          app.useGlobalFilters(new CatchAllFilter(app.get(HttpAdapterHost)));
          app.useGlobalInterceptors(
            new ClassSerializerInterceptor(app.get(Reflector), { strategy: 'excludeAll' }),
          );
        },
      });
    });
    afterAll(() => test.close());

    /** The application's own route answers as its serializer says. */
    const passFirstFactor = async (id: string): Promise<Client> => {
      const client = test.client();
      await client.post('/login', { id });
      return client;
    };

    it('leave what the routes answer as it is', async () => {
      const { client, id, secret } = await enroll(test);
      expect((await client.get('/mfa/status')).body).toMatchObject({
        enabled: true,
        methods: ['totp', 'recovery_codes'],
      });
      expect((await client.get('/mfa/authenticators')).body).toMatchObject([
        { type: 'totp' },
        { type: 'recovery_codes' },
      ]);
      expect((await client.post('/mfa/recovery-codes')).body.codes).toHaveLength(10);
      expect((await client.post('/mfa/webauthn/options')).body).toMatchObject({ rp: { id: 'example.com' } });
      const half = await passFirstFactor(id);
      const { body } = await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect(body).toMatchObject({
        status: 'authenticated',
        proven: [{ method: 'pwd' }, { method: 'totp' }],
      });
    });

    it('leave the code of what they refuse', async () => {
      const { client, id } = await enroll(test);
      const half = await passFirstFactor(id);
      const answers = [
        await half.post('/mfa/authenticate', { code: '000000' }),
        await half.post('/mfa/authenticate', { code: {} }),
        await test.client().get('/mfa/status'),
        await test.client().get('/protected'),
        await client.get('/protected/phishing-resistant'),
        await client.delete('/mfa/authenticators/0190a8d0-0000-7000-8000-000000000000'),
        await client.post('/mfa/totp', {}, { 'sec-fetch-site': 'cross-site' }),
      ];
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        [400, 'incorrect_code'],
        [400, 'invalid_request'],
        [401, 'unauthenticated'],
        [401, 'unauthenticated'],
        [403, 'mfa_enrollment_required'],
        [404, 'not_found'],
        [403, 'cross_origin'],
      ]);
      expect(answers[3]?.headers.get('www-authenticate')).toContain('Bearer');
    });

    it('leave pages pages, and redirects redirects', async () => {
      const { client, id, secret } = await enroll(test);
      const half = PageClient.of(await passFirstFactor(id));
      expect(PageClient.location(await half.get('/protected'))).toContain(`${PAGES}/authenticate?next=`);
      const wrong = await half.submit(`${PAGES}/authenticate`, { code: '000000' });
      expect([wrong.status, wrong.headers.get('content-type')]).toEqual([
        422,
        expect.stringContaining('html'),
      ]);
      test.clock.advance(30);
      const right = await half.submit(`${PAGES}/authenticate`, { code: codeOf(secret, test.clock) });
      expect([right.status, PageClient.location(right)]).toEqual([303, PAGES]);
      expect((await PageClient.of(client).get(`${PAGES}/nowhere`)).status).not.toBe(200);
    });
  },
);
