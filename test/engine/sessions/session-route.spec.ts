import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaUser } from 'nestjs-mfa';
import { AuthenticationSessionService, MfaAdminService, MfaException } from 'nestjs-mfa';

import { PLATFORMS } from '../../support/platforms.js';
import type { TestApp } from '../../support/test-app.js';
import { TestAdapter, codeOf, enroll, halfSignIn, newUserId, users } from '../../support/test-app.js';
import { startTransportApp } from '../../transports/support/transport-app.js';

/** An application that knows some users by a token of its own, and may not be able to say who must have a second factor. */
class TokenUsers extends TestAdapter {
  failure: Error | null = null;

  override isMfaRequired(...given: Parameters<TestAdapter['isMfaRequired']>): boolean | Promise<boolean> {
    if (this.failure) throw this.failure;
    return super.isMfaRequired(...given);
  }

  override async getUser(request: { headers: Record<string, string | undefined> }): Promise<MfaUser | null> {
    const [, id] = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '') ?? [];
    return id ? { id } : super.getUser(request);
  }
}

describe.each(Object.entries(PLATFORMS))('GET /mfa/session on %s', (_, createOn) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      create: createOn(),
      mfa: { adapter: TokenUsers, requiredForStaff: true },
    });
  });
  afterAll(() => test.close());

  const methodsOf = ({ body }: { body: { proven: { method: string }[] } }) =>
    body.proven.map(({ method }) => method);

  it('finds a half-finished sign-in again, and says when it is finished', async () => {
    const { id, secret } = await enroll(test);
    const client = test.client();
    const { body: login } = await client.post('/login', { id });
    const half = await client.get('/mfa/session');
    expect(half).toMatchObject({
      status: 200,
      body: {
        status: 'mfa_required',
        methods: ['totp', 'recovery_codes'],
        proven: login.proven,
        expiresAt: login.expiresAt,
      },
    });
    expect(Object.keys(half.body).sort()).toEqual(['expiresAt', 'methods', 'proven', 'status']);
    expect(half.headers.get('cache-control')).toBe('no-store');
    expect(half.headers.getSetCookie()).toEqual([]);

    const { body: done } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    const whole = await client.get('/mfa/session');
    expect(whole.body).toEqual({
      status: 'authenticated',
      methods: ['totp', 'recovery_codes'],
      proven: done.proven,
      expiresAt: done.expiresAt,
    });
    expect(methodsOf(whole)).toEqual(['pwd', 'totp']);
  });

  it('works with the header too', async () => {
    const { id } = await enroll(test);
    const { body } = await test.client().post('/login', { id }, { 'x-mfa-session': 'new' });
    const client = test.client({ 'x-mfa-session': body.sessionToken });
    expect((await client.get('/mfa/session')).body.status).toBe('mfa_required');
  });

  it('names no method that is used up or locked', async () => {
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    await test.dataSource.query(
      `UPDATE mfa_authenticator SET remaining = 0 WHERE user_id = '${id}' AND remaining IS NOT NULL`,
    );
    expect((await half.get('/mfa/session')).body.methods).toEqual(['totp']);
  });

  it('tells who has to enroll before anything else', async () => {
    const client = test.client();
    const id = newUserId();
    const { body: login } = await client.post('/login', { id, isStaff: true });
    expect(login.status).toBe('enrollment_required');
    expect((await client.get('/mfa/session')).body).toMatchObject({
      status: 'enrollment_required',
      methods: login.methods,
      proven: login.proven,
    });
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect((await client.get('/mfa/session')).body.status).toBe('authenticated');
  });

  it('tells that nothing is owed by who needs no second factor', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    expect((await client.get('/mfa/session')).body).toMatchObject({ status: 'authenticated', methods: [] });
  });

  it.each<[string, Error, number]>([
    ['for whatever reason', new Error('the directory does not answer'), 500],
    ['for a reason that has a code', new MfaException('storage_unavailable'), 503],
  ])('tells nothing while nobody can say what is owed, %s', async (_reason, failure, status) => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const adapter = test.adapter as TokenUsers;
    adapter.failure = failure;
    const answer = await client.get('/mfa/session');
    adapter.failure = null;
    expect([answer.status, answer.body.status, answer.body.methods]).toEqual([status, undefined, undefined]);
    expect((await client.get('/mfa/session')).body.status).toBe('authenticated');
  });

  it('reads what is kept of the user once', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId(), isStaff: true });
    expect(await test.logger.statementsOf(() => client.get('/mfa/session'))).toHaveLength(2);
  });

  it('is refused without a session, with one that is over, and with a stranger’s', async () => {
    const nobody = await test.client().get('/mfa/session');
    expect([nobody.status, nobody.body.code]).toEqual([401, 'unauthenticated']);
    // The user of an application's own token has no session yet.
    expect((await test.client({ authorization: 'Bearer ada' }).get('/mfa/session')).body.code).toBe(
      'unauthenticated',
    );
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const stranger = await half.get('/mfa/session', { authorization: 'Bearer mallory' });
    expect([stranger.status, stranger.body.code]).toEqual([401, 'unauthenticated']);

    test.clock.advance(901);
    expect((await half.get('/mfa/session')).body.code).toBe('session_expired');
    const ended = await halfSignIn(test, { id });
    await test.app.get(AuthenticationSessionService).revokeAll({ id });
    expect((await ended.get('/mfa/session')).body.code).toBe('session_expired');
    expect((await test.client({ 'x-mfa-session': 'junk' }).get('/mfa/session')).body.code).toBe(
      'session_expired',
    );
  });

  it('is refused when the user is gone', async () => {
    const { id, client } = await enroll(test);
    const half = await halfSignIn(test, { id });
    users.delete(id);
    expect((await half.get('/mfa/session')).body.code).toBe('session_expired');
    expect((await client.get('/mfa/session')).status).toBe(401);
  });

  it('shows a pending session to no other route', async () => {
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (const path of ['/mfa/status', '/mfa/authenticators', '/mfa/recovery-codes', '/me']) {
      const { status, body } = await half.get(path);
      expect([status, body.code, body.methods]).toEqual([401, 'unauthenticated', undefined]);
    }
    expect((await half.get('/mfa/session')).status).toBe(200);
  });

  it('is over for a sign-in under way when support resets the user', async () => {
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    await test.app.get(MfaAdminService).reset(id, 'lost phone');
    expect((await half.get('/mfa/session')).body.code).toBe('session_expired');
  });
});
