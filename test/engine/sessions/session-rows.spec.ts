import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { AuthenticationSession, AuthenticationSessionService, MfaService } from 'nestjs-mfa';

import type { Answer } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import {
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../../support/test-app.js';

/** The name of a hook that is asked during a sign-in, and what to do meanwhile. */
let meanwhile: { hook: string; run: () => Promise<unknown> } | null = null;

class SlowAdapter extends TestAdapter {
  /** Asked when the session is read already. */
  override async getUser(request: object): Promise<MfaUser | null> {
    if ((request as { method?: string }).method === 'DELETE') await this.pause('getUser');
    return super.getUser(request);
  }

  override async trustExternalMfa(): Promise<boolean> {
    await this.pause('trustExternalMfa');
    return false;
  }

  override async isMfaEnabled(...args: Parameters<TestAdapter['isMfaEnabled']>): Promise<boolean> {
    const enabled = await super.isMfaEnabled(...args);
    await this.pause('isMfaEnabled');
    return enabled;
  }

  override async completeLogin(): Promise<Record<string, unknown>> {
    await this.pause('completeLogin');
    return {};
  }

  private async pause(hook: string): Promise<void> {
    if (meanwhile?.hook !== hook) return;
    const { run } = meanwhile;
    meanwhile = null;
    await run();
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('sessions in the database', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ adapter: SlowAdapter, mfa: { session: { rememberTtlSeconds: 2_592_000 } } });
  });
  afterAll(() => test.close());

  const repository = () => test.dataSource.getRepository(AuthenticationSession);
  const sessionsOf = (userId: string) => repository().findBy({ userId });

  it('made by hand are none', async () => {
    const { id, authenticatorId } = await enroll(test);
    const [own] = await sessionsOf(id);
    const token = randomBytes(32).toString('base64url');
    const at = test.clock.now();
    const forged = {
      id: randomUUID(),
      userId: id,
      tokenHash: sha256(token),
      status: 'authenticated' as const,
      methods: [
        { method: 'pwd' as const, at },
        { method: 'totp' as const, at, authenticatorId },
      ],
      ttlSeconds: null,
      createdAt: new Date(at),
      expiresAt: new Date(at + 3_600_000),
    };
    for (const seal of [null, '', own?.seal ?? '', 'A'.repeat(43)]) {
      await repository().delete({ id: forged.id });
      await repository().insert({ ...forged, seal });
      const client = test.client({ 'x-mfa-session': token });
      expect((await client.get('/me')).body.code).toBe('session_expired');
      expect((await client.get('/protected')).status).toBe(401);
      expect(await test.app.get(AuthenticationSessionService).verify(token)).toBeNull();
    }
    expect(await test.app.get(AuthenticationSessionService).list({ id })).toHaveLength(1);
  });

  it.each<
    [string, (row: AuthenticationSession, other: AuthenticationSession) => Partial<AuthenticationSession>]
  >([
    ['the user', (_, { userId }) => ({ userId })],
    ['the end', ({ expiresAt }) => ({ expiresAt: new Date(expiresAt.getTime() + 1) })],
    ['the proofs', ({ methods }) => ({ methods: [...methods, { method: 'webauthn', at: Date.now() }] })],
    ['the seal', (_, { seal }) => ({ seal })],
  ])('of which %s was changed by hand are over', async (_, change) => {
    const [mine, theirs] = [await enroll(test), await enroll(test)];
    const [row, other] = [...(await sessionsOf(mine.id)), ...(await sessionsOf(theirs.id))] as [
      AuthenticationSession,
      AuthenticationSession,
    ];
    expect((await mine.client.get('/me')).status).toBe(200);
    await repository().update({ id: row.id }, change(row, other));
    expect((await mine.client.get('/me')).body.code).toBe('session_expired');
  });

  it('that are pending can not be made authenticated by hand', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await repository().update({ userId: user.id, status: 'pending' }, { status: 'authenticated' });
    expect((await half.get('/me')).status).toBe(401);
  });

  describe('while a sign-in is under way', () => {
    const hooks = ['trustExternalMfa', 'isMfaEnabled', 'completeLogin'];

    it.each(hooks)('are pending when %s is asked', async (hook) => {
      const id = newUserId();
      let statuses: string[] = [];
      meanwhile = {
        hook,
        run: async () => (statuses = (await sessionsOf(id)).map(({ status }) => status)),
      };
      const client = test.client();
      expect((await client.post('/login', { id })).body.status).toBe('authenticated');
      expect(statuses).toEqual(['pending']);
      expect((await sessionsOf(id)).map(({ status }) => status)).toEqual(['authenticated']);
      expect((await client.get('/me')).status).toBe(200);
    });

    it.each(hooks.flatMap((hook) => ['passwordChanged', 'revokeAll'].map((end) => [end, hook] as const)))(
      'end with %s, when that comes during %s',
      async (end, hook) => {
        const id = newUserId();
        users.set(id, { id });
        const run = () =>
          end === 'revokeAll'
            ? test.app.get(AuthenticationSessionService).revokeAll({ id })
            : test.app.get(MfaService).passwordChanged({ id });
        meanwhile = { hook, run };
        const client = test.client();
        const { status, body } = await client.post('/login', { id });
        expect([status, body.code]).toEqual([401, 'session_expired']);
        expect(await sessionsOf(id)).toEqual([]);
        expect((await client.get('/me')).status).toBe(401);
      },
    );

    it('go on when somebody else changes a password', async () => {
      const id = newUserId();
      const run = () => test.app.get(MfaService).passwordChanged({ id: 'somebody-else' });
      meanwhile = { hook: 'completeLogin', run };
      expect((await test.client().post('/login', { id })).body.status).toBe('authenticated');
    });
  });

  it('end with a sign-out that is under way while they get another token', async () => {
    const user = await enroll(test);
    const former = user.client.cookies.get('mfa_session');
    const code = codeOf(user.secret, test.clock);
    let proof: Answer | undefined;
    const copy = test.client();
    copy.cookies.set('mfa_session', former ?? '');
    const run = async () => (proof = await user.client.post('/mfa/authenticate', { code }));
    meanwhile = { hook: 'getUser', run };
    expect((await copy.delete('/mfa/session')).status).toBe(204);
    expect(proof?.status).toBe(200);
    expect(user.client.cookies.get('mfa_session')).not.toBe(former);
    expect(await sessionsOf(user.id)).toEqual([]);
    expect((await user.client.get('/me')).status).toBe(401);
  });

  describe('live as long as their sign-in says', () => {
    const login = (user: MfaUser, ttlSeconds: number): Promise<MfaLoginResult> => {
      const [request, response] = [{ headers: { 'x-mfa-session': 'new' } }, {}];
      return test.app.get(MfaService).login(user, { request, response, ttlSeconds });
    };
    const secondsLeft = ({ expiresAt }: MfaLoginResult) => (expiresAt.getTime() - test.clock.now()) / 1000;

    it('when nothing is owed', async () => {
      const id = newUserId();
      expect(secondsLeft(await login({ id }, 60))).toBe(60);
      const result = await login({ id }, 2_592_000);
      expect(secondsLeft(result)).toBe(2_592_000);
      test.clock.advance(43_201);
      const client = test.client({ 'x-mfa-session': result.sessionToken ?? '' });
      users.set(id, { id });
      expect((await client.get('/me')).status).toBe(200);
    });

    it('from the moment that the second factor is proven', async () => {
      const { id, secret } = await enroll(test);
      const pending = await login({ id }, 86_400);
      expect([pending.status, secondsLeft(pending)]).toEqual(['mfa_required', 900]);
      test.clock.advance(100);
      const client = test.client({ 'x-mfa-session': pending.sessionToken ?? '' });
      const { body } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect((new Date(body.expiresAt).getTime() - test.clock.now()) / 1000).toBe(86_400);
    });

    it('and never longer than the options allow', async () => {
      for (const ttlSeconds of [2_592_001, 0, 1.5, NaN]) {
        await expect(login({ id: newUserId() }, ttlSeconds)).rejects.toThrow(RangeError);
      }
    });

    it('which is their usual life without the option', async () => {
      const plain = await startTestApp();
      const login = plain.app.get(MfaService).login.bind(plain.app.get(MfaService));
      const exchange = { request: { headers: { 'x-mfa-session': 'new' } }, response: {} };
      await expect(login({ id: 'ada' }, { ...exchange, ttlSeconds: 43_201 })).rejects.toThrow(
        '`session.rememberTtlSeconds` allows longer ones',
      );
      await plain.close();
    });
  });
});
