import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MfaEvent, MfaRequirementContext, MfaUser } from 'nestjs-mfa';
import { AuthenticationSessionService, MfaEvents } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, enrollKey, register, signInWithPasskey } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { TransferController } from '../support/controllers.js';
import { beforeEachCommit } from '../support/inside.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

/** What happens while the application is asked whether a user has a second factor, and before each commit. */
let meanwhile: () => Promise<unknown>;
let beforeCommit: () => Promise<void>;

/** An application that gives a token of its own at the end of a sign-in, and knows some users by a header. */
class OwnAdapter extends TestAdapter {
  readonly asked: MfaRequirementContext[] = [];

  override async getUser(request: object): Promise<MfaUser | null> {
    const { headers } = request as { headers: Record<string, string | undefined> };
    if (headers['x-held']) await meanwhile();
    const id = headers['x-user'];
    return id === undefined ? super.getUser(request) : { id };
  }

  override isMfaRequired(user: MfaUser, context: MfaRequirementContext): boolean {
    this.asked.push(context);
    return user.isStaff === true;
  }

  override async isMfaEnabled(...given: Parameters<TestAdapter['isMfaEnabled']>): Promise<boolean> {
    await meanwhile();
    return super.isMfaEnabled(...given);
  }

  override trustExternalMfa(_user: MfaUser, request: object): boolean {
    return 'x-vouched' in (request as { headers: object }).headers;
  }

  override completeLogin(): Record<string, unknown> {
    return { accessToken: 'of the application' };
  }
}

let test: TestApp;
const events: MfaEvent[] = [];
beforeAll(async () => {
  test = await startTestApp({
    adapter: OwnAdapter,
    controllers: [TransferController],
    mfa: {
      webauthn: RELYING_PARTY,
      passkeyLogin: true,
      trustedDevices: { enabled: true },
      session: { maxPerUser: 2 },
    },
  });
  beforeEachCommit(test.app, () => beforeCommit());
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
});
afterAll(() => test.close());
beforeEach(() => {
  meanwhile = () => Promise.resolve();
  beforeCommit = () => Promise.resolve();
});

const TRUST_COOKIE = 'mfa_trusted';
const methodsOf = ({ body }: Answer) => (body.proven as { method: string }[]).map(({ method }) => method);

async function prove(client: Client, user: Enrolled, extra: object = {}): Promise<Answer> {
  test.clock.advance(60);
  return client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), ...extra });
}

/** A browser that the user trusts, signed out. */
async function trust(user: Enrolled): Promise<Client> {
  const browser = await halfSignIn(test, user);
  expect((await prove(browser, user, { trustDevice: true })).status).toBe(200);
  await browser.delete('/mfa/session');
  return browser;
}

describe('a sign-in that enrollment ends', () => {
  const activate = async (client: Client): Promise<Answer> => {
    const { body: setup } = await client.post('/mfa/totp');
    return client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
  };

  it('has the application’s part then, and not before or once more', async () => {
    const client = test.client();
    const begun = await client.post('/login', { id: newUserId(), isStaff: true });
    expect([begun.body.status, begun.body.accessToken]).toEqual(['enrollment_required', undefined]);
    const { asked } = test.adapter as OwnAdapter;
    asked.length = 0;
    const first = await activate(client);
    expect([first.status, first.body.accessToken]).toEqual([201, 'of the application']);
    expect(first.body.authenticator).toMatchObject({ type: 'totp', locked: false });
    for (const context of asked) expect(context.request).toMatchObject({ url: '/mfa/totp/activate' });
    expect(asked.length).toBeGreaterThan(0);
    const second = await register(client, new SoftwareAuthenticator());
    expect([second.status, second.body.accessToken]).toEqual([201, undefined]);
  });

  it('has told of its beginning, and of no proof', async () => {
    const id = newUserId();
    await test.client().post('/login', { id, isStaff: true });
    expect(events.filter(({ userId }) => userId === id)).toMatchObject([
      { type: 'mfa.session.started', data: { methods: ['pwd'] } },
    ]);
  });

  it('had ended before where nobody had to enroll', async () => {
    const client = test.client();
    const begun = await client.post('/login', { id: newUserId() });
    expect([begun.body.status, begun.body.accessToken]).toEqual(['authenticated', 'of the application']);
    const { status, body } = await activate(client);
    expect([status, body.accessToken]).toEqual([201, undefined]);
  });
});

describe('a sign-in that an identity provider vouches for', () => {
  it('is told of as one that has proven more', async () => {
    const id = newUserId();
    const answer = await test.client({ 'x-vouched': 'yes' }).post('/login', { id });
    expect(methodsOf(answer)).toEqual(['pwd', 'external']);
    const [session] = await test.app.get(AuthenticationSessionService).list({ id });
    const told = { userId: id, sessionId: session?.id, ip: '127.0.0.1' };
    expect(events.filter(({ userId }) => userId === id)).toMatchObject([
      { ...told, type: 'mfa.session.started', data: { methods: ['pwd'] } },
      { ...told, type: 'mfa.session.verified', data: { method: 'external' } },
    ]);
  });
});

describe('a step-up', () => {
  const HELD = { 'x-held': 'yes' };

  /** Has another request of the same session spend its proofs once the step-up has read them. */
  const spendMeanwhile = (client: Client) => {
    meanwhile = async () => {
      meanwhile = () => Promise.resolve();
      expect((await client.clone().post('/transfer')).status).toBe(200);
    };
  };

  it('by a code counts, though the session has lost a proof meanwhile', async () => {
    const user = await enroll(test);
    const { client } = user;
    spendMeanwhile(client);
    const proven = await client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) }, HELD);
    expect([proven.status, methodsOf(proven)]).toEqual([200, ['pwd', 'totp']]);
    expect((await client.post('/transfer')).status).toBe(200);
    expect((await client.post('/transfer')).status).toBe(401);
  });

  it('by a key counts, though the session has lost a proof meanwhile, which it gives nobody back', async () => {
    const user = await enroll(test);
    const { client } = user;
    const key = new SoftwareAuthenticator();
    await register(client, key);
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
    spendMeanwhile(client);
    const body = { credential: key.get(options) };
    const proven = await client.post('/mfa/authenticate/webauthn', body, HELD);
    expect([proven.status, methodsOf(proven)]).toEqual([200, ['pwd', 'totp', 'webauthn']]);
    const [session] = await test.app.get(AuthenticationSessionService).list({ id: user.id });
    expect(session?.methods.map(({ spent = false }) => spent)).toEqual([false, true, false]);
  });

  it('is no new session, and so counts none', async () => {
    const user = await enroll(test);
    test.clock.advance(60);
    const body = { code: codeOf(user.secret, test.clock) };
    const statements = await test.logger.statementsOf(async () => {
      expect((await user.client.post('/mfa/authenticate', body)).status).toBe(200);
    });
    expect(statements.filter((sql) => /mfa_session.* LIMIT /s.test(sql))).toEqual([]);
  });
});

describe('a sign-in by a trusted browser', () => {
  it('is over when all sessions are ended while it is looked at, and spends no trust', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const token = browser.cookies.get(TRUST_COOKIE);
    meanwhile = () => test.app.get(AuthenticationSessionService).revokeAll({ id: user.id });
    const refused = await browser.post('/login', { id: user.id });
    expect([refused.status, refused.body.code]).toEqual([401, 'session_expired']);
    expect((await browser.get('/me')).status).toBe(401);

    meanwhile = () => Promise.resolve();
    expect(browser.cookies.get(TRUST_COOKIE)).toBe(token);
    expect(methodsOf(await browser.post('/login', { id: user.id }))).toEqual(['pwd', 'trusted_device']);
  });

  it('owes the second factor where another request was faster with its token', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const copy = browser.clone();
    await user.client.delete('/mfa/session');
    let commits = 0;
    beforeCommit = async () => {
      commits += 1;
      // The session is there, and the browser is recognised.
      if (commits !== 2) return;
      expect((await copy.post('/login', { id: user.id })).body.status).toBe('authenticated');
    };
    const slow = await browser.post('/login', { id: user.id });
    beforeCommit = () => Promise.resolve();
    expect([slow.status, slow.body.status]).toEqual([200, 'mfa_required']);
    expect((await prove(browser, user)).status).toBe(200);
    expect((await copy.get('/me')).status).toBe(200);
  });

  it('makes room for itself among the sessions of its user', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const clients: Client[] = [];
    for (let i = 0; i < 3; i++) {
      expect((await browser.post('/login', { id: user.id })).body.status).toBe('authenticated');
      clients.push(browser.clone());
      browser.cookies.delete('mfa_session');
    }
    const statuses = await Promise.all(clients.map(async (one) => (await one.get('/me')).status));
    expect(statuses).toEqual([401, 200, 200]);
  });
});

describe('trust in a browser', () => {
  it('is given to none that did not ask for it', async () => {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator();
    await register(user.client, key, { passwordless: true });
    const half = await halfSignIn(test, user);
    for (const wish of [{}, { trustDevice: false }, { trustDevice: null }]) {
      expect([wish, (await prove(half, user, wish)).status]).toEqual([wish, 200]);
    }
    expect((await assertKey(half, key)).status).toBe(200);
    const other = test.client();
    expect((await signInWithPasskey(other, key)).status).toBe(200);
    for (const client of [half, other]) expect(client.cookies.has(TRUST_COOKIE)).toBe(false);
  });
});

describe('somebody who is half signed in', () => {
  it('is nobody any more when the application finds somebody else under their id', async () => {
    const { id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const user = users.get(id) as MfaUser;
    users.set(id, { ...user, id: newUserId() });
    expect((await half.get('/mfa/session')).body.code).toBe('session_expired');
    const code = codeOf(secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).body.code).toBe('session_expired');
    users.set(id, user);
    expect((await half.post('/mfa/authenticate', { code })).body.code).toBe('session_expired');
  });
});

describe('somebody whom the application has signed in itself', () => {
  const known = (id: string) => test.client({ 'x-user': id });

  it('has nothing to prove without a factor', async () => {
    const { status, body } = await known(newUserId()).post('/mfa/authenticate', { code: '123456' });
    expect([status, body.code, body.methods]).toEqual([403, 'mfa_enrollment_required', ['totp', 'webauthn']]);
  });

  it('gets a session that holds the second factor alone', async () => {
    const user = await enroll(test);
    const client = known(user.id);
    const proven = await prove(client, user);
    expect([proven.status, methodsOf(proven)]).toEqual([200, ['totp']]);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.get('/mfa/session')).body).toMatchObject({
      status: 'authenticated',
      proven: [{ method: 'totp' }],
    });
  });

  it('need not be known to this module by anything else', async () => {
    const user = await enroll(test);
    users.delete(user.id);
    expect((await prove(known(user.id), user)).status).toBe(200);
  });

  it('has no more sessions than the limit allows either', async () => {
    const { id, key } = await enrollKey(test);
    const clients: Client[] = [];
    for (let i = 0; i < 3; i++) {
      const client = known(id);
      expect((await assertKey(client, key)).status).toBe(200);
      clients.push(client);
    }
    const statuses = await Promise.all(clients.map(async (one) => (await one.get('/protected')).status));
    expect(statuses).toEqual([401, 200, 200]);
  });
});
