import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Authenticator, MfaEvent, MfaNotification, MfaSuspensionContext, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaAdminService, MfaEvents, MfaService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer, Client } from '../support/client.js';
import { Gate } from '../support/gate.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const told = ({ status, body }: Answer) => [status, body.code, ...(body.reason ? [body.reason] : [])];
const LOCKED = [403, 'authenticator_locked', 'factor_suspended'];
const authenticate = (client: Client, code: string | undefined) => client.post('/mfa/authenticate', { code });
const suspend = (client: Client, id: string) => client.post(`/mfa/authenticate/authenticators/${id}/suspend`);
const resume = (client: Client, id: string) => client.post(`/mfa/authenticators/${id}/resume`);

/** Holds half-finished sign-ins after they have read what is kept of the user, and asks what may be suspended. */
class LossAdapter extends DefaultMfaAdapter {
  static readonly gate = new Gate();
  static readonly planning = new Gate();
  static keepsLast = false;
  static readonly mails: string[] = [];

  override sendNotification({ type }: MfaNotification): void {
    LossAdapter.mails.push(type);
  }

  override async findUser(userId: string): Promise<MfaUser | null> {
    await LossAdapter.gate.pass();
    return users.get(userId) ?? null;
  }

  override async canSuspendAuthenticator(
    _: Authenticator,
    { isLast, by }: MfaSuspensionContext,
  ): Promise<boolean> {
    await LossAdapter.planning.pass();
    return by === 'admin' || !LossAdapter.keepsLast || !isLast;
  }
}

async function addKey(client: Client): Promise<{ key: SoftwareAuthenticator; id: string }> {
  const key = new SoftwareAuthenticator();
  const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
  const { status, body } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return { key, id: body.authenticator.id };
}

describe('an authenticator that was lost', () => {
  let test: TestApp;
  let admin: MfaAdminService;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({
      adapter: LossAdapter,
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        rateLimit: { attempts: 50, lockAfter: 3, unlock: { byCodes: 2, byOtherFactor: true } },
      },
    });
    admin = test.app.get(MfaAdminService);
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());
  beforeEach(() => {
    LossAdapter.keepsLast = false;
    events.length = 0;
    LossAdapter.mails.length = 0;
  });

  const mails = () => LossAdapter.mails.filter((type) => /suspended|resumed/.test(type));
  const own = ({ id }: Pick<Enrolled, 'id'>, type: string) =>
    events.filter((event) => event.userId === id && event.type === type);
  const codesIdOf = async (client: Client): Promise<string> =>
    (await client.get('/mfa/authenticators?type=recovery_codes')).body[0].id;

  it('is reported by whoever has passed the first factor, and verifies nothing from then on', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const { body: reportable } = await half.get('/mfa/authenticate/authenticators');
    expect(reportable).toEqual([
      { id: user.authenticatorId, type: 'totp', name: expect.any(String), suspended: false },
    ]);
    const { status, body } = await suspend(half, user.authenticatorId);
    expect([status, body]).toEqual([200, { ...reportable[0], suspended: true }]);

    expect((await half.get('/mfa/session')).body).toMatchObject({
      status: 'mfa_required',
      methods: ['recovery_codes'],
    });
    expect(told(await authenticate(half, codeOf(user.secret, test.clock)))).toEqual(LOCKED);
    // Who holds a session may be who holds the phone.
    expect(told(await user.client.get('/me'))).toEqual([401, 'session_expired']);
    await test.settled();
    expect(mails()).toEqual(['authenticator_suspended']);
    expect(own(user, 'mfa.authenticator.suspended')).toMatchObject([
      {
        actor: { type: 'user', id: user.id },
        data: { by: 'user', authenticator: { id: user.authenticatorId } },
      },
    ]);

    expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
    const { body: list } = await half.get('/mfa/authenticators?type=totp');
    expect(list).toMatchObject([{ locked: true, suspended: true }]);
    expect((await half.get('/mfa/status')).body).toMatchObject({
      enabled: true,
      methods: ['recovery_codes'],
    });
  });

  it('still makes its user enrolled: the password alone opens nothing, and changes nothing', async () => {
    const user = await enroll(test);
    await admin.suspend(user.id, await codesIdOf(user.client), 'found in the street');
    const thief = await halfSignIn(test, user);
    expect((await suspend(thief, user.authenticatorId)).status).toBe(200);

    const { body } = await thief.post('/login', { id: user.id });
    expect(body).toMatchObject({ status: 'mfa_required', methods: [] });
    expect(told(await authenticate(thief, codeOf(user.secret, test.clock)))).toEqual(LOCKED);
    expect(told(await authenticate(thief, user.recoveryCodes[0]))).toEqual(LOCKED);
    for (const answer of [
      await resume(thief, user.authenticatorId),
      await thief.patch(`/mfa/authenticators/${user.authenticatorId}`, { name: 'x' }),
      await thief.delete(`/mfa/authenticators/${user.authenticatorId}`),
      await thief.post('/mfa/totp'),
      await thief.get('/protected'),
    ]) {
      expect(answer.status).toBe(401);
    }
    expect(await test.app.get(MfaService).isMfaEnabled({ id: user.id })).toBe(true);

    // What is left is the recovery by an administrator.
    await admin.resume(user.id, user.authenticatorId);
    test.clock.advance(30);
    expect((await authenticate(thief, codeOf(user.secret, test.clock))).status).toBe(200);
  });

  it('is suspended once: a thief who has the password sends one mail, not many', async () => {
    const user = await enroll(test);
    const thief = await halfSignIn(test, user);
    const answers = await Promise.all([...'12345'].map(() => suspend(thief, user.authenticatorId)));
    // Those that came while it was done may find that others kept winning; whoever comes later finds it done.
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect((await suspend(thief, user.authenticatorId)).status).toBe(200);
    await test.settled();
    expect(mails()).toEqual(['authenticator_suspended']);
    expect(own(user, 'mfa.authenticator.suspended')).toHaveLength(1);
  });

  it('is never recovery codes, nor somebody else’s, and nobody reports it who is nobody', async () => {
    const user = await enroll(test);
    const codes = await codesIdOf(user.client);
    const other = await enroll(test);
    expect(told(await suspend(user.client, codes))).toEqual([409, 'cannot_suspend_authenticator']);
    expect(told(await suspend(other.client, user.authenticatorId))).toEqual([404, 'not_found']);
    expect(told(await suspend(test.client(), user.authenticatorId))).toEqual([401, 'unauthenticated']);
    expect((await test.client().get('/mfa/authenticate/authenticators')).status).toBe(401);
    expect((await user.client.get('/protected')).status).toBe(200);
  });

  it('is not told of as locked by wrong codes that come later', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    expect((await suspend(half, user.authenticatorId)).status).toBe(200);
    for (let guess = 0; guess < 3; guess++) expect((await authenticate(half, '000000')).status).toBe(403);
    await test.settled();
    expect(own(user, 'mfa.authenticator.locked')).toEqual([]);
  });

  it('takes its proofs along, and the trust in browsers', async () => {
    const user = await enroll(test);
    const browser = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    await browser.post('/mfa/authenticate', { code, trustDevice: true });
    expect((await browser.post('/login', { id: user.id })).body.status).toBe('authenticated');

    expect((await user.client.get('/protected')).status).toBe(200);
    expect((await suspend(user.client, user.authenticatorId)).status).toBe(200);
    expect(told(await user.client.get('/protected'))).toEqual([401, 'mfa_required']);
    expect((await user.client.get('/mfa/session')).body.proven).toEqual([
      { method: 'pwd', at: expect.any(String) },
    ]);
    expect((await browser.post('/login', { id: user.id })).body.status).toBe('mfa_required');
    expect(own(user, 'mfa.trusted_device.revoked')).toHaveLength(1);
  });

  it('works again when another factor has been proven lately, and is told of', async () => {
    const user = await enroll(test);
    expect((await suspend(user.client, user.authenticatorId)).status).toBe(200);
    expect(told(await resume(user.client, user.authenticatorId))).toEqual([401, 'mfa_required']);
    await authenticate(user.client, user.recoveryCodes[0]);
    const { status, body } = await resume(user.client, user.authenticatorId);
    expect([status, body]).toMatchObject([
      200,
      { id: user.authenticatorId, suspended: false, locked: false },
    ]);
    expect((await resume(user.client, user.authenticatorId)).status).toBe(200);
    test.clock.advance(30);
    expect((await authenticate(user.client, codeOf(user.secret, test.clock))).status).toBe(200);
    await test.settled();
    expect(mails()).toEqual(['authenticator_suspended', 'authenticator_resumed']);
    expect(own(user, 'mfa.authenticator.resumed')).toMatchObject([{ data: { by: 'user' } }]);
  });

  it('still decides which proof changes need: what is weaker does not lift it', async () => {
    const user = await enroll(test);
    const { id } = await addKey(user.client);
    expect((await suspend(user.client, id)).status).toBe(200);
    test.clock.advance(60);
    expect((await authenticate(user.client, codeOf(user.secret, test.clock))).status).toBe(200);
    const refused = await resume(user.client, id);
    expect([...told(refused), refused.body.methods]).toEqual([401, 'mfa_required', ['recovery_codes']]);
    await authenticate(user.client, user.recoveryCodes[0]);
    expect((await resume(user.client, id)).status).toBe(200);
  });

  it('is not asked for where it is a key, and signs in no more', async () => {
    const user = await enroll(test);
    const { key, id } = await addKey(user.client);
    const spare = await addKey(user.client);
    const half = await halfSignIn(test, user);
    const { body: asked } = await half.post('/mfa/authenticate/webauthn/options');
    expect(asked.allowCredentials).toHaveLength(2);
    const credential = key.get(asked);
    expect((await suspend(half, id)).status).toBe(200);
    expect(told(await half.post('/mfa/authenticate/webauthn', { credential }))).toEqual(LOCKED);

    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    expect(options.allowCredentials).toHaveLength(1);
    const stranger = test.client();
    const { body: passkey } = await stranger.post('/mfa/passkey/options');
    const answer = await stranger.post('/mfa/passkey', { credential: key.get(passkey) });
    expect(told(answer)).toEqual(LOCKED);
    const used = await half.post('/mfa/authenticate/webauthn', { credential: spare.key.get(options) });
    expect(used.status).toBe(200);
  });

  it('opens neither by codes of its own nor by the proof of another', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    for (let failure = 0; failure < 3; failure++) await authenticate(half, '000000');
    expect((await suspend(half, user.authenticatorId)).status).toBe(200);
    for (let code = 0; code < 3; code++) {
      test.clock.advance(60);
      const { body } = await authenticate(half, codeOf(user.secret, test.clock));
      expect([body.code, body.unlock]).toEqual(['authenticator_locked', undefined]);
    }
    expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
    test.clock.advance(60);
    expect(told(await authenticate(half, codeOf(user.secret, test.clock)))).toEqual(LOCKED);
    await admin.unlock(user.id);
    expect(told(await authenticate(half, codeOf(user.secret, test.clock)))).toEqual(LOCKED);
  });

  it('stays where the adapter says that it is the last one', async () => {
    LossAdapter.keepsLast = true;
    const user = await enroll(test);
    const { id } = await addKey(user.client);
    await admin.suspend(user.id, await codesIdOf(user.client), 'stolen');
    const half = await halfSignIn(test, user);
    expect((await suspend(half, id)).status).toBe(200);
    expect(told(await suspend(half, user.authenticatorId))).toEqual([409, 'cannot_suspend_authenticator']);
  });

  it('is suspended by an administrator with a reason, and ends all sessions', async () => {
    const user = await enroll(test);
    await expect(admin.suspend(user.id, user.authenticatorId, ' ')).rejects.toThrow('reason');
    await expect(admin.suspend(user.id, 'x', 'stolen')).rejects.toThrow('Not found');
    await expect(admin.resume(newUserId(), 'x')).rejects.toThrow('Not found');
    await admin.suspend(user.id, user.authenticatorId, 'stolen', { actor: 'support' });
    expect(told(await user.client.get('/me'))).toEqual([401, 'session_expired']);
    const { authenticators } = await admin.status(user.id);
    expect(authenticators.filter(({ suspended }) => suspended).map(({ id }) => id)).toEqual([
      user.authenticatorId,
    ]);
    await admin.resume(user.id, user.authenticatorId, { actor: 'support' });
    expect(own(user, 'mfa.authenticator.suspended')).toMatchObject([
      { actor: { type: 'admin', id: 'support' }, data: { by: 'admin', reason: 'stolen' } },
    ]);
    expect(own(user, 'mfa.authenticator.resumed')).toMatchObject([{ data: { by: 'admin' } }]);
    const { body } = await test.client().post('/login', { id: user.id });
    expect(body.methods).toContain('totp');
  });

  it('counts for nothing in a request that had read it before', async () => {
    const user = await enroll(test);
    const [half, reporter] = [await halfSignIn(test, user), await halfSignIn(test, user)];
    LossAdapter.gate.close();
    const late = authenticate(half, codeOf(user.secret, test.clock));
    await LossAdapter.gate.holds(1);
    const goOn = LossAdapter.gate.openForOthers();
    expect((await suspend(reporter, user.authenticatorId)).status).toBe(200);
    goOn();
    expect(told(await late)).toEqual(LOCKED);
    expect((await half.get('/me')).status).toBe(401);
  });

  it('leaves no session behind that was proven between its plan and its commit', async () => {
    const user = await enroll(test);
    const [half, reporter] = [await halfSignIn(test, user), await halfSignIn(test, user)];
    LossAdapter.planning.close();
    const late = suspend(reporter, user.authenticatorId);
    await LossAdapter.planning.holds(1);
    expect((await authenticate(half, codeOf(user.secret, test.clock))).status).toBe(200);
    LossAdapter.planning.open();
    expect((await late).status).toBe(200);
    expect(told(await half.get('/me'))).toEqual([401, 'session_expired']);
  });
});
