import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { rowsOf } from '../../support/databases.js';
import { Client } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../../support/test-app.js';

describe('the session token', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('travels in an HttpOnly cookie and nowhere else', async () => {
    const { body, headers } = await test.client().post('/login', { id: newUserId() });
    expect(headers.get('set-cookie')).toMatch(
      /^mfa_session=[A-Za-z0-9_-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(body).not.toHaveProperty('sessionToken');
    expect(headers.get('x-mfa-session')).toBeNull();
  });

  it('travels in the body for a client that asks, and in no cookie', async () => {
    const { id, secret } = await enroll(test);
    const client = test.client();
    const login = await client.post('/login', { id }, { 'x-mfa-session': 'new' });
    const token: string = login.body.sessionToken;
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(login.headers.get('set-cookie')).toBeNull();
    expect(login.headers.get('x-mfa-session')).toBe(token);
    const done = await client.post(
      '/mfa/authenticate',
      { code: codeOf(secret, test.clock) },
      { 'x-mfa-session': token },
    );
    const next: string = done.body.sessionToken;
    expect(next).not.toBe(token);
    expect((await client.get('/protected', { 'x-mfa-session': next })).status).toBe(200);
    expect((await client.get('/protected', { 'x-mfa-session': token })).status).toBe(401);
    expect((await client.delete('/mfa/session', { 'x-mfa-session': next })).status).toBe(204);
  });

  it('comes with an activation too, since that changes it', async () => {
    const client = test.client();
    const { body: login } = await client.post('/login', { id: newUserId() }, { 'x-mfa-session': 'new' });
    const headers = { 'x-mfa-session': login.sessionToken };
    const { body: setup } = await client.post('/mfa/totp', undefined, headers);
    const { body } = await client.post(
      '/mfa/totp/activate',
      { code: codeOf(setup.secret, test.clock) },
      headers,
    );
    expect((await client.get('/protected', { 'x-mfa-session': body.sessionToken })).status).toBe(200);
  });

  it('counts from the header alone when both are there', async () => {
    const { client } = await enroll(test);
    expect((await client.get('/protected')).status).toBe(200);
    for (const header of ['new', 'nonsense', '']) {
      expect((await client.get('/protected', { 'x-mfa-session': header })).status).toBe(401);
    }
  });

  it('is stored as a hash only', async () => {
    const client = test.client();
    const { body } = await client.post('/login', { id: newUserId() }, { 'x-mfa-session': 'new' });
    const rows = await rowsOf(test.dataSource, 'SELECT * FROM mfa_session');
    expect(JSON.stringify(rows)).not.toContain(body.sessionToken);
    expect(JSON.stringify(test.logger.queries)).not.toContain(body.sessionToken);
  });

  it('is no longer good after sign-out, however it was carried', async () => {
    const { client } = await enroll(test);
    const before = client.clone();
    await client.delete('/mfa/session');
    expect(await before.get('/me')).toMatchObject({ status: 401, body: { code: 'session_expired' } });
    expect((await before.get('/protected')).body.code).toBe('unauthenticated');
  });
});

describe('a request that another site sends', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'nonsense' }, 403],
    [{ 'sec-fetch-site': 'cross-site', origin: 'SELF' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'SELF.evil.example' }, 403],
    [{ origin: 'SELF' }, 200],
    [{}, 200],
  ])('with %j answers %i', async (given, status) => {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('SELF', test.url)]),
    );
    const { id, client, secret, authenticatorId } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const answers = [
      await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }, headers),
      await client.post('/mfa/recovery-codes', undefined, headers),
      await client.delete(`/mfa/authenticators/${authenticatorId}`, headers),
      await test.client().post('/login', { id: newUserId() }, headers),
    ];
    const ok = [200, 201, 204, 200];
    expect(answers.map((answer) => answer.status)).toEqual(
      ok.map((expected) => (status === 200 ? expected : 403)),
    );
    expect(answers.map((answer) => answer.body.code)).toEqual(
      Array(4).fill(status === 200 ? undefined : 'cross_origin'),
    );
  });

  it('may read, and may do what it likes with a token that it holds itself', async () => {
    const { client } = await enroll(test);
    const evil = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    expect((await client.get('/mfa/status', evil)).status).toBe(200);
    const { body } = await test
      .client()
      .post('/login', { id: newUserId() }, { ...evil, 'x-mfa-session': 'new' });
    const owner = test.client({ ...evil, 'x-mfa-session': body.sessionToken });
    expect((await owner.post('/mfa/totp')).status).toBe(201);
  });

  it('can not prove a password again', async () => {
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    const { status, body } = await client.post('/reauthenticate', { id }, { 'sec-fetch-site': 'cross-site' });
    expect([status, body.code]).toEqual([403, 'cross_origin']);
  });
});

describe('options of the session', () => {
  it('carry the token without cookies', async () => {
    const test = await startTestApp({ mfa: { session: { cookie: false, header: 'X-Token' } } });
    const { body, headers } = await test.client().post('/login', { id: newUserId() });
    expect(headers.get('set-cookie')).toBeNull();
    const client = new Client(test.url, { 'x-token': body.sessionToken });
    expect((await client.get('/me')).status).toBe(200);
    expect((await test.client({ cookie: `mfa_session=${body.sessionToken}` }).get('/me')).status).toBe(401);
    expect((await client.delete('/mfa/session')).status).toBe(204);
    await test.close();
  });

  it('set the cookie as they say', async () => {
    const test = await startTestApp({
      mfa: { session: { cookie: { secure: true, sameSite: 'strict' }, ttlSeconds: 60 } },
    });
    const { headers } = await test.client().post('/login', { id: newUserId() });
    expect(headers.get('set-cookie')).toMatch(
      /^__Host-mfa_session=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    await test.close();
  });
});
