import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { AuthenticationSession, AuthenticationSessionService, MfaAdminService, MfaService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { enrollKey, signInWithPasskey } from '../../support/ceremonies.js';
import type { Answer, Client } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import {
  RELYING_PARTY,
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
    return { accessToken: 'of the application' };
  }

  override findUser(userId: string): MfaUser | null {
    const user = super.findUser(userId);
    // It was read; what comes next comes before anything is done with it.
    if (meanwhile?.hook !== 'findUser') return user;
    return this.pause('findUser').then(() => user) as never;
  }

  private async pause(hook: string): Promise<void> {
    if (meanwhile?.hook !== hook) return;
    const { run } = meanwhile;
    meanwhile = null;
    await run();
  }
}

/** What ends a user's sessions. */
const ENDS: Record<string, (test: TestApp, id: string) => Promise<unknown>> = {
  passwordChanged: ({ app }, id) => app.get(MfaService).passwordChanged({ id }, { endSessions: true }),
  revokeAll: ({ app }, id) => app.get(AuthenticationSessionService).revokeAll({ id }),
  reset: ({ app }, id) => app.get(MfaAdminService).reset(id, 'stolen'),
  endAllSessions: ({ app }) => app.get(MfaAdminService).endAllSessions('breach'),
  forgetUser: ({ app }, id) => app.get(MfaService).forgetUser(id),
};

/** What signs somebody in, or lets them in for the first time, and asks the application for its part when all is committed. */
const WAYS_IN: Record<string, (test: TestApp, during: (id: string) => void) => Promise<[Client, Answer]>> = {
  'a second factor': async (test, during) => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    during(user.id);
    return [half, await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })];
  },
  'a passkey': async (test, during) => {
    const key = new SoftwareAuthenticator();
    const { id } = await enrollKey(test, key, { passwordless: true });
    const client = test.client();
    during(id);
    return [client, await signInWithPasskey(client, key)];
  },
  'a trusted browser': async (test, during) => {
    const user = await enroll(test);
    const browser = await halfSignIn(test, user);
    await browser.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), trustDevice: true });
    await browser.delete('/mfa/session');
    during(user.id);
    return [browser, await browser.post('/login', { id: user.id })];
  },
  'the first factor of someone who must have one': async (test, during) => {
    const [client, id] = [test.client(), newUserId()];
    await client.post('/login', { id, isStaff: true });
    const { body } = await client.post('/mfa/totp');
    during(id);
    return [client, await client.post('/mfa/totp/activate', { code: codeOf(body.secret, test.clock) })];
  },
};

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

  describe('of a sign-in that is committed', () => {
    let whole: TestApp;
    beforeAll(async () => {
      const mfa = {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        requiredForStaff: true,
      };
      whole = await startTestApp({ adapter: SlowAdapter, mfa });
    });
    afterAll(() => whole.close());

    it.each(Object.keys(WAYS_IN).flatMap((way) => Object.keys(ENDS).map((end) => [way, end] as const)))(
      'by %s give no access token when %s ends them while the application is asked for it',
      async (way, end) => {
        const during = (id: string) => {
          meanwhile = { hook: 'completeLogin', run: async () => ENDS[end]?.(whole, id) };
        };
        const [client, { status, body }] = (await WAYS_IN[way]?.(whole, during)) as [Client, Answer];
        expect([status, body.code, body.accessToken]).toEqual([401, 'session_expired', undefined]);
        expect((await client.get('/me')).status).toBe(401);
      },
    );

    it.each(Object.keys(WAYS_IN))('by %s give it otherwise', async (way) => {
      const [client, { body }] = (await WAYS_IN[way]?.(whole, () => undefined)) as [Client, Answer];
      expect(body.accessToken).toBe('of the application');
      expect((await client.get('/me')).status).toBe(200);
    });

    it('by a passkey end when its user was disabled after they were looked up', async () => {
      let disabled = '';
      const disable = async () => {
        users.delete(disabled);
        await ENDS['revokeAll']?.(whole, disabled);
      };
      const [client, { status, body }] = (await WAYS_IN['a passkey']?.(whole, (id) => {
        disabled = id;
        meanwhile = { hook: 'findUser', run: disable };
      })) as [Client, Answer];
      expect([status, body.code]).toEqual([401, 'session_expired']);
      expect(await whole.dataSource.getRepository(AuthenticationSession).countBy({ userId: disabled })).toBe(
        0,
      );
      expect((await client.get('/me')).status).toBe(401);
    });

    it('by a passkey are none when nobody can tell any more whether there is a user', async () => {
      let owner = '';
      const [client, { status }] = (await WAYS_IN['a passkey']?.(whole, (id) => {
        owner = id;
        const fail = () => Promise.reject(new Error('The users are not there'));
        // Once they are looked up the first time they can't be a second time.
        const run = () => {
          meanwhile = { hook: 'findUser', run: fail };
          return Promise.resolve();
        };
        meanwhile = { hook: 'findUser', run };
      })) as [Client, Answer];
      expect(status).toBe(500);
      expect(await whole.dataSource.getRepository(AuthenticationSession).countBy({ userId: owner })).toBe(1);
      expect((await client.get('/me')).status).toBe(401);
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
      expect(secondsLeft(await login({ id }, 1))).toBe(1);
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
      for (const ttlSeconds of [2_592_001, 0, -1, 1.5, NaN, Infinity]) {
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
