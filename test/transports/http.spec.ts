import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExecutionContext, INestApplication } from '@nestjs/common';
import { Body, Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AuthenticationSession } from 'nestjs-mfa';
import { MfaGuard, MfaSession, RequireMfa } from 'nestjs-mfa';

import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId } from '../support/test-app.js';
import type { Told } from './support/expectations.js';
import { EXPECTATIONS } from './support/expectations.js';
import type { TransportAppOptions } from './support/transport-app.js';
import { startTransportApp } from './support/transport-app.js';

/** Takes the headers of another object than the request, as behind a proxy of one's own. */
@Injectable()
class EnvelopeGuard extends MfaGuard {
  protected override getRequest(context: ExecutionContext): Promise<object> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return Promise.resolve({ headers: { 'x-mfa-session': headers['x-envelope'] } });
  }
}

@Controller('transport')
class TransportController {
  @Get('guarded')
  @RequireMfa()
  guarded(@MfaSession() { userId }: AuthenticationSession): object {
    return { userId };
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(@MfaSession('userId') userId: string): object {
    return { userId };
  }

  @Get('trusting')
  @RequireMfa({ acceptTrustedDevice: true })
  trusting(@MfaSession('userId') userId: string): object {
    return { userId };
  }

  @Get('envelope')
  @UseGuards(EnvelopeGuard)
  envelope(@MfaSession('userId') userId: string): object {
    return { userId };
  }

  @Get('unguarded')
  unguarded(@MfaSession() session: unknown, @MfaSession('userId') userId: unknown): object {
    return { session, userId };
  }

  @Post()
  own(@Body() body: unknown): unknown {
    return body;
  }
}

const PLATFORMS: Record<string, TransportAppOptions['create']> = {
  Express: undefined,
  Fastify: (module, logger) =>
    module.createNestApplication<INestApplication>(new FastifyAdapter(), {
      forceCloseConnections: true,
      logger,
    }),
};

describe.each(Object.entries(PLATFORMS))('HTTP on %s', (platform, create) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      controllers: [TransportController],
      mfa: { trustedDevices: { enabled: true } },
      ...(create ? { create } : {}),
    });
  });
  afterAll(() => test.close());

  it.each(Object.entries(EXPECTATIONS))('%s', (_, expectIt) =>
    expectIt({
      test,
      connect: (headers) =>
        Promise.resolve({
          ask: async (handler) => (await test.client(headers).get(`/transport/${handler}`)).body as Told,
          close: () => undefined,
        }),
    }),
  );

  it('sends the headers that belong to a refusal', async () => {
    const { headers } = await test.client().get('/transport/guarded');
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(headers.get('cache-control')).toBe('no-store');
    const { client } = await enroll(test);
    test.clock.advance(301);
    const late = await client.get('/transport/guarded');
    expect(late.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", max_age=300',
    );
  });

  it('keeps the session in a cookie from sign-in to sign-out', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    const { status, body, headers } = await client.post('/mfa/authenticate', {
      code: codeOf(secret, test.clock),
    });
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/HttpOnly/)]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await client.get('/me')).body).toMatchObject({ id });
    const out = await client.delete('/mfa/session');
    expect([out.status, out.text]).toEqual([204, '']);
    expect(client.cookies.size).toBe(0);
  });

  it('keeps the trust in a browser in a second cookie, which signs in and proves nothing', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    const code = codeOf(secret, test.clock);
    const proven = await client.post('/mfa/authenticate', { code, trustDevice: true });
    expect(proven.headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(
      expect.arrayContaining(['mfa_session', 'mfa_trusted']),
    );
    await client.delete('/mfa/session');
    const { body } = await client.post('/login', { id });
    expect([body.status, body.proven.map(({ method }: { method: string }) => method)]).toEqual([
      'authenticated',
      ['pwd', 'trusted_device'],
    ]);
    expect((await client.get('/transport/guarded')).body.code).toBe('mfa_required');
    expect((await client.get('/transport/trusting')).body).toEqual({ userId: id });
  });

  it('keeps the session in a header for clients that ask for it', async () => {
    const client = test.client({ 'x-mfa-session': 'new' });
    const { body, headers } = await client.post('/login', { id: newUserId() });
    expect(headers.get('x-mfa-session')).toBe(body.sessionToken);
    client.headers['x-mfa-session'] = body.sessionToken;
    expect((await client.get('/transport/feed')).status).toBe(200);
  });

  it.each([
    ['broken JSON', '{', 'application/json'],
    ['too much of it', `"${'x'.repeat(2_000_000)}"`, 'application/json'],
    ['a form', 'code=123456', 'application/x-www-form-urlencoded'],
    ['plain text', '{}', 'text/plain'],
    ['XML', '<code/>', 'application/xml'],
    ['no type that is known', '{}', 'application/'],
  ])('answers %s on its own routes in its own shape', async (_, body, type) => {
    const client = test.client({ 'content-type': type });
    for (const path of ['/mfa/authenticate', '/mfa/totp', '/mfa/totp/activate']) {
      const answer = await client.send('POST', path, body);
      expect(answer).toMatchObject({
        status: 400,
        body: {
          statusCode: 400,
          error: 'Bad Request',
          code: 'invalid_request',
          message: [expect.any(String)],
        },
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    }
  });

  it("leaves the application's routes their own answers", async () => {
    const { status, body } = await test.client().send('POST', '/transport', '{');
    expect(status).toBe(400);
    expect(body.code).toBeUndefined();
  });

  const onFastify = platform === 'Fastify';
  it.each([
    ['/protected/', onFastify ? 404 : 401],
    ['//protected', 404],
    ['/protected//', 404],
    ['/protected//maxage', 404],
    ['/PROTECTED', onFastify ? 404 : 401],
    ['/protected?x=1', 401],
    ['/protected/maxage/', onFastify ? 404 : 401],
    ['/%70rotected', onFastify ? 401 : 404],
    ['/protected%2Fmaxage', 404],
    ['/protected;x', 404],
    ['/protected/%zz', onFastify ? 400 : 404],
  ])('has no way around the guard in %s', async (path, status) => {
    expect((await test.client().get(path)).status).toBe(status);
  });

  it('guards HEAD', async () => {
    expect((await test.client().send('HEAD', '/protected')).status).toBe(401);
    expect((await test.client().send('HEAD', '/transport/guarded')).status).toBe(401);
  });

  it('takes the request from where a guard of the application says', async () => {
    const { client, id } = await enroll(test);
    const [token = ''] = client.cookies.values();
    expect((await client.get('/transport/envelope')).body.code).toBe('unauthenticated');
    expect((await test.client({ 'x-envelope': token }).get('/transport/envelope')).body).toEqual({
      userId: id,
    });
  });

  it('gives no session where no guard has read one', async () => {
    const { client } = await enroll(test);
    expect((await client.get('/transport/unguarded')).body).toEqual({ session: null, userId: null });
  });
});

describe('Fastify', () => {
  it('handles errors of a route of its own as the application says, also under a prefix', async () => {
    const test = await startTransportApp({
      controllers: [TransportController],
      create: PLATFORMS['Fastify'] as NonNullable<TransportAppOptions['create']>,
      configure: (app) => void app.setGlobalPrefix('api'),
    });
    const client = test.client();
    expect((await client.send('POST', '/api/mfa/authenticate', '{')).body.code).toBe('invalid_request');
    expect((await client.send('POST', '/api/transport', '{')).body.code).toBeUndefined();
    await test.close();
  });
});
