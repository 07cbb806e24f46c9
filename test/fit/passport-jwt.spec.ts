import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ForbiddenException, Inject, Injectable, Module, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { MfaUser } from 'nestjs-mfa';
import { MfaModule, MfaOptionsError } from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, SECRET, codeOf, newUserId, startTestApp } from '../support/test-app.js';
import {
  GuardedController,
  JwtGuard,
  JwtStrategy,
  Public,
  VARIANTS,
  sign,
  startJwtApp,
} from './passport-jwt.app.js';

describe.each(VARIANTS)('an application with access tokens and $name', (variant) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startJwtApp(variant);
  });
  afterAll(() => test.close());

  /** A client that has its access token, and keeps the session in the header. */
  const clientOf = ({ accessToken, sessionToken }: { accessToken?: string; sessionToken: string }): Client =>
    test.client({
      ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
      'x-mfa-session': sessionToken,
    });
  const login = async (id: string) =>
    (await test.client({ 'x-mfa-session': 'new' }).post('/app/login', { id })).body;

  it('signs in, sets up an app, and signs in with it: the token comes with the second factor', async () => {
    const id = newUserId();
    const first = await login(id);
    expect(first).toMatchObject({ status: 'authenticated', accessToken: expect.any(String) });
    const client = clientOf(first);
    expect((await client.get('/app/orders')).body).toEqual({ of: id });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    const { body: added } = await client.post('/mfa/totp/activate', { code });
    expect(added.authenticator.type).toBe('totp');
    test.clock.advance(30);

    const half = await login(id);
    expect(half.status).toBe('mfa_required');
    expect(half).not.toHaveProperty('accessToken');
    expect((await clientOf(half).get('/app/orders')).status).toBe(401);
    expect((await clientOf(half).get('/mfa/status')).status).toBe(401);
    const { status, body } = await clientOf(half).post('/mfa/authenticate', {
      code: codeOf(setup.secret, test.clock),
    });
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect((await clientOf(body).get('/app/orders')).body).toEqual({ of: id });
    expect((await clientOf(body).get('/mfa/sessions')).body[0]).toMatchObject({ current: true });
  });

  it('knows whose token comes along on the module’s routes, and lets none in without', async () => {
    const { accessToken } = await login(newUserId());
    const { status, body } = await test.client({ authorization: `Bearer ${accessToken}` }).get('/mfa/status');
    expect([status, body.enabled]).toEqual([200, false]);
    for (const headers of [{}, { authorization: 'Bearer forged' }]) {
      const answer = await test.client(headers as Record<string, string>).get('/mfa/status');
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    }
    expect((await test.client().post('/mfa/passkey/options')).status).toBe(200);
  });
});

describe('the token of the session in a claim of the access token', () => {
  let test: TestApp;
  beforeAll(async () => {
    type JwtRequest = { user?: MfaUser & { sid?: string } };
    type JwtResponse = { setHeader(name: string, value: string): void };
    @Module({ providers: [JwtStrategy] })
    class AuthModule {}
    test = await startTestApp({
      controllers: [GuardedController],
      imports: [AuthModule],
      mfa: {
        routes: { guards: [JwtGuard], decorators: [Public()] },
        session: {
          transport: {
            read: ({ user }: JwtRequest) => user?.sid,
            write: ({ user }: JwtRequest, response: object | undefined, sid: string) =>
              (response as JwtResponse).setHeader('x-access-token', sign({ sub: String(user?.id), sid })),
            clear: (_request, response) => (response as JwtResponse).setHeader('x-access-token', ''),
          },
        },
      },
    });
  });
  afterAll(() => test.close());

  it('works from sign-in to sign-out, with one header', async () => {
    const id = newUserId();
    const bearer = (headers: Headers) =>
      test.client({ authorization: `Bearer ${headers.get('x-access-token')}` });
    const first = await test.client().post('/app/login', { id });
    let client = bearer(first.headers);
    expect((await client.get('/app/orders')).body).toEqual({ of: id });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    const former = client;
    client = bearer((await client.post('/mfa/totp/activate', { code })).headers);
    expect((await client.get('/protected')).status).toBe(401);
    expect((await client.get('/mfa/status')).body.verified).toBe(true);
    // The former one names a session that is dead under that token.
    expect((await former.get('/mfa/session')).body.code).toBe('session_expired');
    // No page can add that header.
    expect((await client.get('/mfa/sessions', { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
    const cross = { 'sec-fetch-site': 'cross-site' };
    expect((await client.post('/mfa/recovery-codes', undefined, cross)).status).toBe(201);
    const withCookie = { ...cross, cookie: 'any=1' };
    expect((await client.post('/mfa/recovery-codes', undefined, withCookie)).body.code).toBe('cross_origin');
    expect((await client.delete('/mfa/session')).headers.get('x-access-token')).toBe('');
    expect((await client.get('/mfa/session')).status).toBe(401);
  });
});

describe('guards and decorators around the module’s routes', () => {
  const seen: string[] = [];

  @Injectable()
  class Keys {
    readonly key = 'open sesame';
  }

  @Module({ providers: [Keys], exports: [Keys] })
  class KeysModule {}

  @Injectable()
  class KeyGuard implements CanActivate {
    constructor(
      @Inject(Keys) private readonly keys: Keys,
      @Inject(Reflector) private readonly reflector: Reflector,
    ) {}

    canActivate(context: ExecutionContext): boolean {
      const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; url: string }>();
      seen.push(`${this.reflector.get<string>('label', context.getClass())} ${request.url}`);
      return request.headers['x-key'] === this.keys.key;
    }
  }

  const label = SetMetadata('label', 'mfa');
  const blocked: CanActivate = {
    canActivate: (context) => {
      if (context.switchToHttp().getRequest<{ headers: object }>().headers['x-blocked' as never])
        throw new ForbiddenException('Not here');
      return true;
    },
  };
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        routes: { guards: [KeyGuard, blocked], decorators: [label], imports: [KeysModule] },
        pages: { loginUrl: '/sign-in' },
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
      },
    });
  });
  afterAll(() => test.close());
  const KEYED = { 'x-key': 'open sesame' };

  it('come first, on JSON routes and pages', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    for (const path of [
      '/mfa/status',
      '/mfa/passkey/options',
      '/account/security',
      '/account/security/passkey',
    ]) {
      seen.length = 0;
      const [method, denied] = [path.endsWith('options') ? 'POST' : 'GET', { 'x-blocked': '1', ...KEYED }];
      const without = await client.send(method, path);
      expect([path, without.status]).toEqual([path, 403]);
      expect([path, without.headers.get('cache-control')]).toEqual([path, 'no-store']);
      expect([path, (await client.send(method, path, undefined, denied)).text]).toEqual([
        path,
        expect.stringContaining('Not here'),
      ]);
      expect([path, (await client.send(method, path, undefined, KEYED)).status]).toEqual([path, 200]);
      expect(seen).toEqual(Array(3).fill(`mfa ${path}`));
    }
  });

  it('leave the routes of the application and the pages’ style sheet alone', async () => {
    seen.length = 0;
    const client = test.client();
    expect((await client.post('/login', { id: newUserId() })).status).toBe(200);
    expect((await client.get('/me')).status).toBe(200);
    const { text } = await client.get('/account/security/passkey', KEYED);
    const sheet = /href="([^"]*mfa\.css[^"]*)"/.exec(text)?.[1] ?? '';
    expect((await test.client().get(sheet)).status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  it.each([
    [{ guards: KeyGuard }, '`routes.guards` must be a list of guards'],
    [{ guards: ['jwt'] }, '`routes.guards`'],
    [{ guards: [undefined] }, '`routes.guards`'],
    [{ decorators: [Public].map(() => 'x') }, '`routes.decorators`'],
    [{ imports: [null] }, '`routes.imports`'],
    [{ guard: [] }, '`routes.guard` is not an option'],
  ])('are refused at boot when they are none: %j', (routes, problem) => {
    expect(() => MfaModule.forRoot({ secret: SECRET, routes: routes as never })).toThrow(problem);
  });

  it('need routes to stand around', () => {
    const options = { secret: SECRET, controllers: false, routes: { guards: [KeyGuard] } };
    expect(() => MfaModule.forRoot(options)).toThrow(MfaOptionsError);
  });
});

describe('a guard of the application’s that knows nobody', () => {
  let test: TestApp;
  beforeAll(async () => {
    @Module({ providers: [JwtStrategy] })
    class AuthModule {}
    test = await startTestApp({
      imports: [AuthModule],
      mfa: { routes: { guards: [AuthGuard('jwt')] }, pages: { loginUrl: '/sign-in' } },
    });
  });
  afterAll(() => test.close());

  it('sends browsers on the pages to where they sign in', async () => {
    const answer = await PageClient.of(test.client()).get('/account/security/totp/add');
    expect([answer.status, PageClient.location(answer)]).toEqual([
      303,
      `/sign-in?next=${encodeURIComponent('/account/security/totp/add')}`,
    ]);
    expect((await test.client().get('/mfa/status')).status).toBe(401);
  });
});
