import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { MfaUser } from 'nestjs-mfa';
import { MfaAdminService, MfaService } from 'nestjs-mfa';

import type { Answer, Client } from '../support/client.js';
import { rowsOf } from '../support/databases.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

/** Signs out as an application does. */
@Controller('sign-out')
class SignOutController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post()
  @HttpCode(204)
  signOut(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<void> {
    return this.mfa.logout({ request, response });
  }
}

describe('signing in', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ controllers: [SignOutController], mfa: { rateLimit: { attempts: 20 } } });
  });
  afterAll(() => test.close());

  it('without a factor is authenticated at once', async () => {
    const client = test.client();
    const { status, body } = await client.post('/login', { id: newUserId() });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'authenticated',
      proven: [{ method: 'pwd', at: new Date(test.clock.now()).toISOString() }],
      expiresAt: new Date(test.clock.now() + 43_200_000).toISOString(),
    });
    expect((await client.get('/me')).status).toBe(200);
  });

  it('with a factor waits for it, and is nobody until then', async () => {
    const { id } = await enroll(test);
    const client = test.client();
    const { body } = await client.post('/login', { id });
    expect(body).toEqual({
      status: 'mfa_required',
      methods: ['totp', 'recovery_codes'],
      proven: [{ method: 'pwd', at: expect.any(String) }],
      expiresAt: new Date(test.clock.now() + 900_000).toISOString(),
    });
    for (const path of ['/me', '/protected', '/mfa/status', '/mfa/authenticators', '/mfa/recovery-codes']) {
      const answer = await client.get(path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'unauthenticated']);
    }
    for (const path of ['/mfa/totp', '/mfa/recovery-codes', '/mfa/totp/activate']) {
      expect((await client.post(path, { code: '123456' })).body.code).toBe('unauthenticated');
    }
    expect((await client.delete('/mfa/authenticators/x')).status).toBe(401);
  });

  it.each([[undefined], [{}]])('says what it needs where it is given nothing: %j', async (exchange) => {
    const login = test.app.get(MfaService).login({ id: newUserId() }, exchange as never);
    await expect(login).rejects.toThrow('needs the request, and the response for its cookie');
  });

  it('owes the factor even where the row of the user’s state is lost', async () => {
    const { id, client } = await enroll(test);
    await rowsOf(test.dataSource, 'DELETE FROM mfa_user_state WHERE user_id = ?', [id]);
    const half = await halfSignIn(test, { id });
    expect((await half.get('/me')).status).toBe(401);
    expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: true });
    const admin = test.app.get(MfaAdminService);
    expect((await admin.status(id)).authenticators).toHaveLength(2);
    await admin.reset(id, 'ticket 42');
    expect((await test.client().post('/login', { id })).body.status).toBe('authenticated');
  });

  it.each([[''], ['a link by mail'], ['x'.repeat(41)], [null]])(
    'takes no word for the first factor that can’t be told: %p',
    async (word) => {
      const firstFactor = word as string;
      const login = test.app
        .get(MfaService)
        .login({ id: newUserId() }, { request: {}, response: {}, firstFactor });
      await expect(login).rejects.toThrow(TypeError);
    },
  );

  it.each(['external', 'trusted_device', 'mfa', 'mca'])(
    'takes no word for the first factor that means more than one: %s',
    async (firstFactor) => {
      const [mfa, user] = [test.app.get(MfaService), { id: newUserId() }];
      const exchange = { request: {}, response: {}, firstFactor };
      await expect(mfa.login(user, exchange)).rejects.toThrow(`\`firstFactor: '${firstFactor}'\``);
      await expect(mfa.recordReauthentication(user, exchange)).rejects.toThrow('`federated`');
    },
  );

  it('is finished by a code, with a new token', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    const before = client.clone();
    const code = codeOf(secret, test.clock);
    const { status, body } = await client.post('/mfa/authenticate', {
      code: `${code.slice(0, 3)} ${code.slice(3)}`,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'authenticated',
      proven: [
        { method: 'pwd', at: expect.any(String) },
        { method: 'totp', at: expect.any(String) },
      ],
      expiresAt: new Date(test.clock.now() + 43_200_000).toISOString(),
    });
    expect((await client.get('/protected')).status).toBe(200);
    expect((await before.get('/protected')).status).toBe(401);
    expect((await before.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('session_expired');
  });

  it('refuses a code twice, also in a new sign-in', async () => {
    const { id, secret } = await enroll(test);
    const code = codeOf(secret, test.clock);
    const first = await halfSignIn(test, { id });
    expect((await first.post('/mfa/authenticate', { code })).status).toBe(200);
    const second = await halfSignIn(test, { id });
    const { status, body } = await second.post('/mfa/authenticate', { code });
    expect([status, body.code]).toEqual([400, 'incorrect_code']);
    expect((await second.post('/mfa/authenticate', { code: codeOf(secret, test.clock, 1) })).status).toBe(
      200,
    );
  });

  it('never goes back behind the last step', async () => {
    const { id, secret } = await enroll(test);
    const first = await halfSignIn(test, { id });
    expect((await first.post('/mfa/authenticate', { code: codeOf(secret, test.clock, 1) })).status).toBe(200);
    const second = await halfSignIn(test, { id });
    for (const steps of [0, -1]) {
      const { body } = await second.post('/mfa/authenticate', { code: codeOf(secret, test.clock, steps) });
      expect(body.code).toBe('incorrect_code');
    }
  });

  it('accepts one step of drift on either side and no more', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    for (const steps of [-2, 2]) {
      const { body } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock, steps) });
      expect(body.code).toBe('incorrect_code');
    }
    expect((await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock, -1) })).status).toBe(
      200,
    );
  });

  it('expires while it is pending, and after its time', async () => {
    const { id, secret } = await enroll(test);
    const slow = await halfSignIn(test, { id });
    test.clock.advance(900);
    const late = await slow.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect([late.status, late.body.code]).toEqual([401, 'session_expired']);
    expect(late.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');

    const client = await halfSignIn(test, { id });
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    test.clock.advance(43_199);
    expect((await client.get('/me')).status).toBe(200);
    test.clock.advance(1);
    expect((await client.get('/me')).status).toBe(401);
  });

  it('ends the session that the browser held before', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const before = client.clone();
    await client.post('/login', { id: newUserId() });
    expect((await before.get('/me')).status).toBe(401);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('carries no proof from one sign-in into another', async () => {
    const { client, id } = await enroll(test);
    const { body } = await client.post('/login', { id });
    expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd']);
    expect((await client.get('/protected')).status).toBe(401);
  });

  it('is refused when the user is gone since the first factor', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    users.delete(id);
    const code = codeOf(secret, test.clock);
    expect((await client.post('/mfa/authenticate', { code })).body.code).toBe('session_expired');
    users.set(id, { id });
    expect((await client.post('/mfa/authenticate', { code })).body.code).toBe('session_expired');
  });

  it('is over for a user who is gone', async () => {
    const { id, client } = await enroll(test);
    users.delete(id);
    expect((await client.get('/me')).status).toBe(401);
    expect((await client.get('/protected')).status).toBe(401);
  });

  it.each<[string, (client: Client) => Promise<Answer>]>([
    ['the application', (client) => client.post('/sign-out')],
    ['the route', (client) => client.delete('/mfa/session')],
  ])(
    'ends at the sign-out of %s for a user who is gone too, and stays away when they come back',
    async (_, signOut) => {
      const { id, client } = await enroll(test);
      const another = test.client();
      await another.post('/login', { id });
      const thief = client.clone();
      const user = users.get(id) as MfaUser;
      users.delete(id);
      expect((await client.get('/mfa/session')).body.code).toBe('unauthenticated');
      expect((await signOut(client)).status).toBe(204);
      expect(client.cookies.size).toBe(0);
      users.set(id, user);
      expect((await thief.get('/me')).status).toBe(401);
      expect((await another.get('/mfa/session')).status).toBe(200);
    },
  );

  it('ignores a user id in the body', async () => {
    const ada = await enroll(test);
    const bob = await enroll(test);
    const client = await halfSignIn(test, ada);
    const code = codeOf(bob.secret, test.clock);
    expect((await client.post('/mfa/authenticate', { code, userId: bob.id })).body.code).toBe(
      'incorrect_code',
    );
  });

  it('ends with DELETE /mfa/session, half-finished or whole', async () => {
    const { id, client } = await enroll(test);
    for (const one of [client, await halfSignIn(test, { id })]) {
      const before = one.clone();
      const { status, headers } = await one.delete('/mfa/session');
      expect(status).toBe(204);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('set-cookie')).toMatch(/^mfa_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/);
      expect((await before.delete('/mfa/session')).body.code).toBe('session_expired');
      expect((await one.delete('/mfa/session')).body.code).toBe('unauthenticated');
    }
  });
});

describe('step-up', () => {
  let test: TestApp;
  let user: Enrolled;
  beforeAll(async () => {
    test = await startTestApp();
    user = await enroll(test);
  });
  afterAll(() => test.close());

  it('is asked for when the proof is too old, and answered by a code', async () => {
    const { client, secret } = user;
    expect((await client.get('/protected')).status).toBe(200);
    test.clock.advance(300);
    const refused = await client.get('/protected');
    expect(refused.status).toBe(401);
    expect(refused.body).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Confirm with your second factor.',
      code: 'mfa_required',
      methods: ['totp', 'recovery_codes'],
      maxAge: 300,
    });
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", max_age=300',
    );
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect((await client.get('/protected/maxage')).status).toBe(200);

    const before = client.clone();
    const { status, body } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect(body.proven).toHaveLength(2);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await before.get('/me')).status).toBe(401);
  });

  it('does not prolong the session', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    const signedIn = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    const expiresAt = new Date(test.clock.now() + 43_200_000).toISOString();
    expect(signedIn.body.expiresAt).toBe(expiresAt);

    test.clock.advance(43_000);
    expect((await client.get('/protected')).body.code).toBe('mfa_required');
    const { body } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect(body).toMatchObject({ status: 'authenticated', expiresAt });
    expect((await client.get('/protected')).status).toBe(200);
    test.clock.advance(199);
    expect((await client.get('/protected')).status).toBe(200);
    test.clock.advance(1);
    expect((await client.get('/me')).body.code).toBe('session_expired');
  });

  it('has nothing to prove for a user without factors', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { status, body } = await client.post('/mfa/authenticate', { code: '123456' });
    expect([status, body.code, body.methods]).toEqual([403, 'mfa_enrollment_required', ['totp']]);
  });
});

describe('proving the password again', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('makes a session recent for a user without factors', async () => {
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    test.clock.advance(301);
    expect((await client.post('/mfa/totp')).body.code).toBe('reauthentication_required');
    const before = client.clone();
    const { body } = await client.post('/reauthenticate', { id });
    expect(body).toMatchObject({ status: 'authenticated', proven: [{ method: 'pwd' }] });
    expect((await client.post('/mfa/totp')).status).toBe(201);
    expect((await before.get('/me')).status).toBe(401);
  });

  it('never makes up for the second factor of a user who has one', async () => {
    const { client, id, authenticatorId } = await enroll(test);
    test.clock.advance(301);
    await client.post('/reauthenticate', { id });
    for (const answer of [
      await client.delete(`/mfa/authenticators/${authenticatorId}`),
      await client.patch(`/mfa/authenticators/${authenticatorId}`, { name: 'mine' }),
      await client.post('/mfa/recovery-codes'),
      await client.post('/mfa/totp'),
      await client.post('/mfa/totp/activate', { code: '123456' }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([401, 'mfa_required']);
    }
  });

  it('without a session is a sign-in that still owes the second factor', async () => {
    const { id } = await enroll(test);
    const client = test.client();
    expect((await client.post('/reauthenticate', { id })).body.status).toBe('mfa_required');
    expect((await client.get('/me')).status).toBe(401);
  });

  it('does not touch the session of another user', async () => {
    const ada = await enroll(test);
    const bob = await enroll(test);
    const client = ada.client.clone();
    expect((await client.post('/reauthenticate', { id: bob.id })).body.status).toBe('mfa_required');
  });
});
