import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticationSession, AuthenticationSessionService, MfaAdminService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import type { Client } from '../../support/client.js';
import { ENGINE, rowsOf } from '../../support/databases.js';
import type { TestApp } from '../../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../../support/test-app.js';

const countOf = async (test: TestApp, userId: string): Promise<number> =>
  (await rowsOf(test.dataSource, 'SELECT id FROM mfa_session WHERE user_id = ?', [userId])).length;

describe.each([1, 3, 25])('with a limit of %i, the sessions of a user', (maxPerUser) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { session: { maxPerUser }, webauthn: RELYING_PARTY, passkeyLogin: true },
    });
  });
  afterAll(() => test.close());

  const signIn = async (id: string): Promise<Client> => {
    const client = test.client();
    expect((await client.post('/login', { id })).status).toBe(200);
    return client;
  };

  it('are never more: the oldest goes first', async () => {
    const id = newUserId();
    const clients: Client[] = [];
    for (let i = 0; i < maxPerUser + 5; i++) clients.push(await signIn(id));
    const statuses = [];
    for (const client of clients) statuses.push((await client.get('/me')).status);
    expect(statuses).toEqual([...Array(5).fill(401), ...Array(maxPerUser).fill(200)]);
    expect(await countOf(test, id)).toBe(maxPerUser);
  });

  it('leave those of others alone', async () => {
    const other = await signIn(newUserId());
    const id = newUserId();
    for (let i = 0; i < maxPerUser + 2; i++) await signIn(id);
    expect((await other.get('/me')).status).toBe(200);
  });

  it('are counted without those of others', async () => {
    const id = newUserId();
    const mine: Client[] = [];
    for (let i = 0; i < maxPerUser; i++) {
      mine.push(await signIn(id));
      for (let j = 0; j < 4; j++) await signIn(newUserId());
    }
    for (const client of mine) expect((await client.get('/me')).status).toBe(200);
  });

  it('may be pending ones, which are finished all the same', async () => {
    const user = await enroll(test);
    let half = await halfSignIn(test, user);
    for (let i = 0; i < maxPerUser + 1; i++) half = await halfSignIn(test, user);
    // Whoever knows the password alone ends nothing that was opened with more.
    expect((await user.client.get('/me')).status).toBe(200);
    expect(await countOf(test, user.id)).toBe(Math.max(2, maxPerUser));
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
  });

  it('that are complete make room when a sign-in is completed, half-finished ones first', async () => {
    const user = await enroll(test);
    const halves: Client[] = [];
    for (let i = 0; i < maxPerUser; i++) halves.push(await halfSignIn(test, user));
    const last = halves.at(-1) as Client;
    await last.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(await countOf(test, user.id)).toBe(maxPerUser);
    expect((await last.get('/me')).status).toBe(200);
    expect((await user.client.get('/me')).status).toBe(maxPerUser === 1 ? 401 : 200);
  });

  it('that are over are the first to go', async () => {
    const user = await enroll(test);
    const { clock } = test;
    for (let i = 0; i < maxPerUser + 2; i++) await halfSignIn(test, user);
    clock.advance(901);
    const half = await halfSignIn(test, user);
    await half.post('/mfa/authenticate', { code: codeOf(user.secret, clock) });
    expect((await half.get('/me')).status).toBe(200);
    expect((await user.client.get('/me')).status).toBe(maxPerUser === 1 ? 401 : 200);
  });

  it('may be started by a passkey, or by the application', async () => {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator();
    const { body: creation } = await user.client.post('/mfa/webauthn/options', { passwordless: true });
    await user.client.post('/mfa/webauthn', { credential: key.create(creation) });
    for (let i = 0; i < maxPerUser + 1; i++) {
      const client = test.client();
      const { body: options } = await client.post('/mfa/passkey/options');
      expect((await client.post('/mfa/passkey', { credential: key.get(options) })).status).toBe(200);
      expect((await client.get('/protected')).status).toBe(200);
    }
    expect(await countOf(test, user.id)).toBe(maxPerUser);
    const sessions = test.app.get(AuthenticationSessionService);
    for (let i = 0; i < maxPerUser + 1; i++)
      await sessions.create({ id: user.id }, { status: 'authenticated' });
    expect(await countOf(test, user.id)).toBe(maxPerUser);
  });

  it('stay within it when many start at once', async () => {
    const id = newUserId();
    const answers = await Promise.all(
      Array.from({ length: 10 + maxPerUser }, () => test.client().post('/login', { id })),
    );
    // Where there is room for few, one that is under way may be the oldest already.
    const outcomes = answers.map(({ body }) => body.status ?? body.code);
    expect(outcomes.filter((one) => !['authenticated', 'session_expired'].includes(one))).toEqual([]);
    const last = await signIn(id);
    expect((await last.get('/me')).status).toBe(200);
    expect(await countOf(test, id)).toBeLessThanOrEqual(maxPerUser);
  });
});

describe('a user with a great many sessions', () => {
  it('costs lists no more than the limit, and loses what is too many by and by', async () => {
    const test = await startTestApp({ mfa: { retention: { batchSize: 500 } } });
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const [own] = await test.app.get(AuthenticationSessionService).list({ id });
    const rows = Array.from({ length: 3000 }, (_, i) => ({
      ...own,
      id: `0-${i}`,
      tokenHash: `${i}`.padStart(64, '0'),
      createdAt: new Date(test.clock.now() - 1000 - i),
    }));
    for (let i = 0; i < rows.length; i += 500) {
      await test.dataSource.getRepository(AuthenticationSession).insert(rows.slice(i, i + 500));
    }
    const from = test.logger.queries.length;
    expect((await test.app.get(MfaAdminService).status(id)).sessions).toHaveLength(1);
    const reads = test.logger.queries.slice(from).filter(({ sql }) => /FROM .?mfa_session/.test(sql));
    expect(reads.map(({ sql }) => /LIMIT 1000/.test(sql))).toEqual([true]);

    // Counted after a hundred sign-ins, and then each time until it fits.
    for (let i = 0; i < 105; i++) await test.client().post('/login', { id });
    expect(await countOf(test, id)).toBe(1000);
    expect((await client.get('/me')).status).toBe(200);
    await test.close();
  }, 60_000);

  (ENGINE === 'sqlite' ? it : it.skip)('is read by an index, in the order of time', async () => {
    const test = await startTestApp();
    const plan = await rowsOf(
      test.dataSource,
      'EXPLAIN QUERY PLAN SELECT id FROM mfa_session WHERE user_id = ? ORDER BY created_at DESC LIMIT 1000',
      ['x'],
    );
    expect(plan.map(({ detail }: { detail: string }) => detail).join()).toMatch(
      /idx_mfa_session_user_created/,
    );
    await test.close();
  });
});
