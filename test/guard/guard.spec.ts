import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { AuthenticationSessionService, DefaultMfaAdapter, MfaGuard, RequireMfa, SkipMfa } from 'nestjs-mfa';

import { rowsOf } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

describe('@RequireMfa()', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  const signIn = async (extra = {}) => {
    const client = test.client();
    await client.post('/login', { id: newUserId(), ...extra });
    return client;
  };

  it('refuses nobody, strangers and half-finished sign-ins', async () => {
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (const client of [test.client(), test.client({ 'x-mfa-session': 'nonsense' }), half]) {
      const { status, body, headers } = await client.get('/protected');
      expect([status, body.code]).toEqual([401, 'unauthenticated']);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('sends users without a factor to set one up, unless the route allows them', async () => {
    const client = await signIn();
    const { status, body } = await client.get('/protected');
    expect([status, body.code, body.methods]).toEqual([403, 'mfa_enrollment_required', ['totp']]);
    expect((await client.get('/protected/feed')).status).toBe(200);
    expect((await client.get('/protected/skipped')).status).toBe(200);
  });

  it('asks an enrolled user for the factor where others are allowed without', async () => {
    const { client } = await enroll(test);
    test.clock.advance(301);
    expect((await client.get('/protected/feed')).body.code).toBe('mfa_required');
  });

  it('accepts only the methods that the route names', async () => {
    const { id, recoveryCodes, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    await client.post('/mfa/authenticate', { code: recoveryCodes[0] });
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.get('/protected/totp')).body).toMatchObject({
      code: 'mfa_required',
      methods: ['totp'],
    });
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect((await client.get('/protected/totp')).status).toBe(200);
    expect(await client.get('/protected/phishing-resistant')).toMatchObject({
      status: 403,
      body: { code: 'mfa_enrollment_required', methods: [] },
    });
  });

  it.each([
    ['/protected/', 401],
    ['/PROTECTED', 401],
    ['/protected?x=1', 401],
    ['/protected/maxage/', 401],
    ['/%70rotected', 404],
    ['/protected;x', 404],
  ])('has no way around it in %s', async (path, status) => {
    expect((await test.client().get(path)).status).toBe(status);
  });

  it('guards HEAD', async () => {
    expect((await test.client().send('HEAD', '/protected')).status).toBe(401);
  });

  it('takes a proof from the future for none', async () => {
    const { client } = await enroll(test);
    test.clock.advance(-120);
    expect((await client.get('/protected')).body.code).toBe('mfa_required');
    test.clock.advance(120);
  });

  it.each([
    { maxAge: 0 },
    { maxAge: -1 },
    { maxAge: 1.5 },
    { maxAge: NaN },
    { methods: [] },
    { methods: ['Text message'] },
  ])('does not take %j', (requirement) => {
    expect(() => RequireMfa(requirement as never)).toThrow(TypeError);
  });
});

/** Signs in whoever the header names, as staff. */
@Injectable()
class StaffHeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const id = request.headers['x-user'];
    if (id) request.user = { id, isStaff: true };
    return true;
  }
}

describe('users who must have a second factor', () => {
  it('are told at sign-in, and let through only where nothing asks for it', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true } });
    const client = test.client();
    const { body } = await client.post('/login', { id: newUserId(), isStaff: true });
    expect(body).toMatchObject({ status: 'enrollment_required', methods: ['totp'] });
    expect((await client.get('/mfa/status')).body).toMatchObject({
      required: true,
      enrollmentDeadline: null,
    });
    expect((await client.get('/protected/feed')).body.code).toBe('mfa_enrollment_required');
    expect((await client.get('/public')).status).toBe(200);
    expect((await client.post('/mfa/totp')).status).toBe(201);
    await test.close();
  });

  it('have proven it for as long as a remembered session goes on', async () => {
    const session = { ttlSeconds: 3600, rememberTtlSeconds: 2_592_000 };
    const test = await startTestApp({ mfa: { requiredForStaff: true, globalGuard: true, session } });
    const user = await enroll(test, { isStaff: true });
    const at = test.clock.now();
    const { token } = await test.app.get(AuthenticationSessionService).create(
      { id: user.id },
      {
        status: 'authenticated',
        methods: [
          { method: 'pwd', at },
          { method: 'totp', at, authenticatorId: user.authenticatorId },
        ],
        ttlSeconds: 2_592_000,
      },
    );
    const client = test.client({ 'x-mfa-session': token });
    test.clock.advance(2_591_000);
    expect((await client.get('/me')).status).toBe(200);
    await test.close();
  });

  it('need it on every route under the global guard', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true, globalGuard: true } });
    const staff = await enroll(test, { isStaff: true });
    test.clock.advance(3600);
    expect((await staff.client.get('/public')).status).toBe(200);
    expect((await staff.client.get('/me')).status).toBe(200);
    expect((await staff.client.get('/protected')).body.code).toBe('mfa_required');
    expect((await staff.client.get('/protected/skipped')).status).toBe(200);

    const unenrolled = test.client();
    await unenrolled.post('/login', { id: newUserId(), isStaff: true });
    for (const path of ['/public', '/me']) {
      expect((await unenrolled.get(path)).body.code).toBe('mfa_enrollment_required');
    }
    expect((await unenrolled.post('/mfa/totp')).status).toBe(201);

    const other = test.client();
    await other.post('/login', { id: newUserId() });
    expect((await other.get('/public')).status).toBe(200);
    expect((await test.client().get('/public')).status).toBe(200);
    await test.close();
  });

  it.each(['on the controller', 'globally, in a module that is imported later'])(
    'need it also where the application signs in after the global guard, %s',
    async (where) => {
      @UseGuards(...(where === 'on the controller' ? [StaffHeaderGuard] : []))
      @Controller('late')
      class LateController {
        @Get()
        late(): string {
          return 'late';
        }

        @Get('skipped')
        @SkipMfa()
        skipped(): string {
          return 'skipped';
        }
      }
      const test = await startTestApp({
        mfa: { requiredForStaff: true, globalGuard: true },
        controllers: [LateController],
        configure: (app) => {
          if (where !== 'on the controller') app.useGlobalGuards(new StaffHeaderGuard());
        },
      });
      const staff = test.client({ 'x-user': newUserId() });
      expect((await staff.get('/late')).body.code).toBe('mfa_enrollment_required');
      expect((await staff.get('/late/skipped')).status).toBe(200);
      expect((await test.client().get('/late')).status).toBe(200);
      await test.close();
    },
  );

  it('get what the application adds to a sign-in once they have enrolled, and not before', async () => {
    class TokenAdapter extends DefaultMfaAdapter {
      override findUser(id: string) {
        return users.get(id) ?? null;
      }
      override completeLogin() {
        return { accessToken: 'a token' };
      }
    }
    const test = await startTestApp({ adapter: TokenAdapter, mfa: { requiredForStaff: true } });
    const client = test.client();
    const { body: login } = await client.post('/login', { id: newUserId(), isStaff: true });
    expect([login.status, login.accessToken]).toEqual(['enrollment_required', undefined]);
    const { body: setup } = await client.post('/mfa/totp');
    const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect(body).toMatchObject({ accessToken: 'a token', authenticator: { type: 'totp' } });
    expect(body.recoveryCodes).toHaveLength(10);
    expect((await client.get('/protected')).status).toBe(200);
    await test.close();
  });

  it('have a grace period that starts once, and ends', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true, enrollmentGracePeriodSeconds: 1000 } });
    const id = newUserId();
    const client = test.client();
    const start = test.clock.now();
    expect((await client.post('/login', { id, isStaff: true })).body.status).toBe('authenticated');
    const deadline = new Date(start + 1_000_000).toISOString();
    expect((await client.get('/mfa/status')).body).toMatchObject({
      required: true,
      enrollmentDeadline: deadline,
    });
    expect((await client.get('/protected')).status).toBe(200);
    test.clock.advance(999);
    expect((await client.post('/login', { id, isStaff: true })).body.status).toBe('authenticated');
    expect((await client.get('/mfa/status')).body.enrollmentDeadline).toBe(deadline);
    test.clock.advance(1);
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    expect((await client.post('/login', { id, isStaff: true })).body.status).toBe('enrollment_required');
    await test.close();
  });

  it('don’t get their grace period back from a clock that is set back', async () => {
    const test = await startTestApp({ mfa: { enrollmentGracePeriodSeconds: 1000 } });
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    expect((await client.get('/protected')).status).toBe(200);
    test.clock.advance(1000);
    expect((await client.get('/protected')).status).toBe(403);
    test.clock.advance(-86_400);
    await client.post('/login', { id });
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    await test.close();
  });

  it('start their grace period at the first route that asks, once, also under parallel requests', async () => {
    const test = await startTestApp({ mfa: { enrollmentGracePeriodSeconds: 1000 } });
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    expect((await client.get('/mfa/status')).body.enrollmentDeadline).toBeNull();
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.get('/protected')));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const rows = await rowsOf(test.dataSource, 'SELECT enrollment_started_at FROM mfa_user_state');
    expect(rows).toEqual([{ enrollment_started_at: test.clock.now() }]);
    // A set-up has made the row already; the grace period is written into it.
    const second = test.client();
    await second.post('/login', { id: newUserId() });
    await second.post('/mfa/totp');
    await second.post('/mfa/totp/activate', { code: '000000' });
    expect((await second.get('/protected')).status).toBe(200);
    test.clock.advance(1000);
    expect((await client.get('/protected')).status).toBe(403);
    expect((await second.get('/protected')).status).toBe(403);
    await test.close();
  });
});

/** An application with its own sign-in: it believes a header. */
@Injectable()
class HeaderAuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const id = request.headers['x-user'];
    if (id) request.user = { userId: id };
    return true;
  }
}

@UseGuards(HeaderAuthGuard)
@Controller('own')
class OwnController {
  @Get('protected')
  @RequireMfa()
  protected(): string {
    return 'own';
  }
}

class OwnAuthAdapter extends DefaultMfaAdapter {
  static authenticatedAt: Date | null = null;

  override getUser(request: {
    headers: Record<string, string>;
    user?: object;
  }): ReturnType<DefaultMfaAdapter['getUser']> {
    const id = request.headers['x-user'];
    return id ? { id } : super.getUser(request);
  }

  override getAuthenticatedAt(): Date | null {
    return OwnAuthAdapter.authenticatedAt;
  }
}

describe('an application with its own sign-in', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ adapter: OwnAuthAdapter, controllers: [OwnController] });
  });
  afterAll(() => test.close());

  it('gets a session at the first step-up, bound to its user', async () => {
    const id = newUserId();
    const client = test.client({ 'x-user': id });
    expect((await client.post('/mfa/totp')).body.code).toBe('reauthentication_required');
    OwnAuthAdapter.authenticatedAt = new Date(test.clock.now());
    const { body: setup } = await client.post('/mfa/totp');
    const { status, body } = await client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
    });
    expect([status, body.proven]).toEqual([201, [{ method: 'totp', at: expect.any(String) }]]);
    expect((await client.get('/own/protected')).status).toBe(200);

    const elsewhere = test.client({ 'x-user': id });
    expect((await elsewhere.get('/own/protected')).body.code).toBe('mfa_required');
    test.clock.advance(60);
    const stepUp = await elsewhere.post('/mfa/authenticate', { code: codeOf(setup.secret, test.clock) });
    expect(stepUp.body).toMatchObject({ status: 'authenticated', proven: [{ method: 'totp' }] });
    expect((await elsewhere.get('/own/protected')).status).toBe(200);

    // The same cookie beside another user is nobody's.
    const thief = elsewhere.clone();
    thief.headers['x-user'] = newUserId();
    expect((await thief.get('/own/protected')).body.code).toBe('mfa_enrollment_required');
    expect((await thief.get('/mfa/status')).body.verified).toBe(false);
    OwnAuthAdapter.authenticatedAt = null;
    expect((await thief.post('/mfa/totp')).body.code).toBe('reauthentication_required');
  });

  it('does not believe its own time for a user who has a second factor', async () => {
    const id = newUserId();
    users.set(id, { id });
    const client = test.client({ 'x-user': id });
    OwnAuthAdapter.authenticatedAt = new Date(test.clock.now());
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    client.cookies.clear();
    expect((await client.post('/mfa/recovery-codes')).body.code).toBe('mfa_required');
    OwnAuthAdapter.authenticatedAt = null;
  });

  it('takes the id from where Passport strategies put it', () => {
    const adapter = new DefaultMfaAdapter();
    expect(adapter.getUser({ user: { id: 7, email: 'a@b.c' } })).toEqual({ id: 7, email: 'a@b.c' });
    expect(adapter.getUser({ user: { userId: 'u' } })).toMatchObject({ id: 'u' });
    expect(adapter.getUser({ user: { sub: 's' } })).toMatchObject({ id: 's' });
    expect(adapter.getUser({ user: { name: 'nobody' } })).toBeNull();
    expect(adapter.getUser({})).toBeNull();
  });
});

describe('MfaGuard outside HTTP', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  @RequireMfa()
  class Target {}

  const contextOf = (type: string, request: unknown): ExecutionContext =>
    ({
      getType: () => type,
      getHandler: () => contextOf,
      getClass: () => Target,
      getArgByIndex: (index: number) => (index === 2 ? { req: request } : undefined),
      switchToWs: () => ({ getClient: () => ({ handshake: request }) }),
      switchToHttp: () => ({ getRequest: () => request, getResponse: () => undefined }),
    }) as unknown as ExecutionContext;

  it.each(['graphql', 'ws'])('reads the session of a %s context, every time anew', async (type) => {
    const { client } = await enroll(test);
    const guard = test.app.get(MfaGuard);
    const request = {
      headers: { cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join() },
    };
    const context = contextOf(type, request);
    await expect(guard.canActivate(context)).resolves.toBe(true);
    await client.delete('/mfa/session');
    await expect(guard.canActivate(context)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it.each([
    ['rpc', { headers: {}, user: { id: 'forged' } }],
    ['http', null],
    ['graphql', undefined],
    ['ws', 'text'],
    ['something else', {}],
  ])('refuses a %s context with %j', async (type, request) => {
    await expect(test.app.get(MfaGuard).canActivate(contextOf(type, request))).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});
