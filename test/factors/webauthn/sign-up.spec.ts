import { afterEach, describe, expect, it } from '@jest/globals';
import { ConflictException, Controller } from '@nestjs/common';
import type { MfaModuleOptions, MfaSignUp, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  Authenticator,
  MfaAdminService,
  MfaEvents,
  MfaService,
  MfaUserState,
  WebAuthnChallenge,
  WebAuthnService,
} from 'nestjs-mfa';

import type { Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { signInWithPasskey } from '../../support/ceremonies.js';
import type { Answer, Client } from '../../support/client.js';
import { Gate } from '../../support/gate.js';
import { HELD, HoldBack, pointsFrom } from '../../support/hold-back.js';
import type { TestApp, TestAppOptions } from '../../support/test-app.js';
import {
  ORIGIN,
  RELYING_PARTY,
  TestAdapter,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../../support/test-app.js';

/** Registers people under an id of its own; names in `taken` are somebody's. */
class SignUpAdapter extends TestAdapter {
  readonly asked: MfaSignUp[] = [];
  readonly discarded: string[] = [];
  readonly taken = new Map<string, MfaUser>();
  answer?: () => MfaUser;

  override async createUser(signUp: MfaSignUp): Promise<MfaUser | null> {
    this.asked.push(signUp);
    await Promise.resolve();
    if (this.answer) return this.answer();
    if (this.taken.has(signUp.name)) return null;
    const user: MfaUser = { id: newUserId(), email: signUp.name, displayName: signUp.displayName };
    this.taken.set(signUp.name, user);
    users.set(user.id as string, user);
    return user;
  }

  override discardUser({ id }: MfaUser): void {
    this.discarded.push(String(id));
  }
}

let test: TestApp;
afterEach(() => test.close());

async function start(mfa: Partial<MfaModuleOptions> = {}, rest: TestAppOptions = {}): Promise<SignUpAdapter> {
  test = await startTestApp({
    mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, passkeySignUp: true, ...mfa },
    adapter: SignUpAdapter,
    ...rest,
  });
  return test.adapter as SignUpAdapter;
}

/** One in which a request can be held back. */
async function startHeldBack(): Promise<{ adapter: SignUpAdapter; holdBack: HoldBack }> {
  const holdBack = new HoldBack();
  const adapter = await start({}, { configure: holdBack.mark });
  holdBack.watch(test.dataSource, adapter);
  return { adapter, holdBack };
}

@Controller()
class Nothing {}

const NAME = { name: 'ada@example.com', displayName: 'Ada' };

async function signUp(
  client: Client,
  key = new SoftwareAuthenticator(),
  {
    begun = NAME,
    finished = begun,
    tampering = {},
  }: { begun?: object; finished?: object; tampering?: Tampering } = {},
): Promise<Answer> {
  const { body: options } = await client.post('/mfa/sign-up/options', begun);
  return client.post('/mfa/sign-up', { ...finished, credential: key.create(options, tampering) });
}

const told = ({ status, body }: Answer) => [status, (body as { code?: string }).code];

describe('a sign-up with a passkey', () => {
  it('makes the user when the ceremony is done, and signs in with what it has shown', async () => {
    const adapter = await start();
    const events: string[] = [];
    test.app.get(MfaEvents).on('*', ({ type }) => void events.push(type));
    const client = test.client();
    const key = new SoftwareAuthenticator({ backupEligible: false });
    const { body: options } = await client.post('/mfa/sign-up/options', NAME);
    expect(options).toMatchObject({
      user: NAME,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    expect(adapter.asked).toEqual([]);
    const answer = await client.post('/mfa/sign-up', {
      ...NAME,
      fields: { invitation: 'abc' },
      credential: key.create(options),
    });
    expect(answer.status).toBe(201);
    expect(adapter.asked).toEqual([{ ...NAME, fields: { invitation: 'abc' } }]);
    expect(answer.body).toMatchObject({
      status: 'authenticated',
      authenticator: { type: 'webauthn' },
      proven: [{ method: 'webauthn', userVerified: true }],
    });
    expect(answer.body.recoveryCodes).toHaveLength(10);
    expect((await client.get('/me')).body).toMatchObject({ email: NAME.name });
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
    expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: true, verified: true });
    await test.settled();
    expect(events).toEqual(
      expect.arrayContaining(['mfa.authenticator.added', 'mfa.session.started', 'mfa.session.verified']),
    );
    // From then on the passkey signs in alone, and a recovery code beside another first factor.
    expect((await signInWithPasskey(test.client(), key)).status).toBe(200);
    const [user] = adapter.taken.values();
    const half = await halfSignIn(test, { id: user?.id as string });
    expect((await half.post('/mfa/authenticate', { code: answer.body.recoveryCodes[0] })).status).toBe(200);
  });

  it('leaves no session without its passkey, whenever an administrator takes that away', async () => {
    const { adapter, holdBack } = await startHeldBack();
    let resets = 0;
    for (const point of pointsFrom()) {
      const name = { name: `ada-${point}@example.com` };
      const client = test.client();
      const key = new SoftwareAuthenticator();
      const { body: options } = await client.post('/mfa/sign-up/options', name);
      const body = { ...name, credential: key.create(options) };
      const held = test.client(HELD);
      const { answer, reached } = await holdBack.run(
        point,
        () => held.post('/mfa/sign-up', body),
        async () => {
          const made = adapter.taken.get(name.name);
          const isReset = test.app.get(MfaAdminService).reset(String(made?.id ?? 'nobody'), 'it was a test');
          resets += await isReset.then(
            () => 1,
            () => 0,
          );
        },
      );
      expect(answer.status).toBeLessThan(500);
      const user = adapter.taken.get(name.name);
      const keys = user ? await test.app.get(MfaService).getUserAuthenticators(user, 'webauthn') : [];
      const sessions = user ? await test.app.get(AuthenticationSessionService).list(user) : [];
      expect([point, keys.length === 0 ? sessions : []]).toEqual([point, []]);
      if (!reached) break;
    }
    // Some came between the passkey and the answer.
    expect(resets).toBeGreaterThan(0);
  });

  it('writes nothing before the ceremony is done', async () => {
    const adapter = await start();
    const client = test.client();
    for (let asked = 0; asked < 20; asked++) await client.post('/mfa/sign-up/options', NAME);
    for (const entity of [Authenticator, MfaUserState, WebAuthnChallenge])
      expect(await test.dataSource.getRepository(entity).count()).toBe(0);
    expect(adapter.asked).toEqual([]);
  });

  it.each<[string, { finished?: object; tampering?: Tampering }]>([
    ['without user verification', { tampering: { userVerified: false } }],
    ['without a touch', { tampering: { userPresent: false } }],
    ['of another origin', { tampering: { origin: 'https://evil.example' } }],
    ['for another name than the one that was asked for', { finished: { name: 'eve@example.com' } }],
  ])('%s makes nobody', async (_, lies) => {
    const adapter = await start();
    expect(told(await signUp(test.client(), undefined, lies))).toEqual([400, 'webauthn_failed']);
    expect(adapter.asked).toEqual([]);
  });

  it('takes no challenge of another ceremony, and gives none to it', async () => {
    const adapter = await start();
    const { client } = await enroll(test);
    const key = new SoftwareAuthenticator();
    const { body: own } = await client.post('/mfa/webauthn/options');
    expect(told(await test.client().post('/mfa/sign-up', { ...NAME, credential: key.create(own) }))).toEqual([
      400,
      'webauthn_failed',
    ]);
    const { body: options } = await client.post('/mfa/sign-up/options', NAME);
    expect(told(await client.post('/mfa/webauthn', { credential: key.create(options) }))).toEqual([
      400,
      'webauthn_failed',
    ]);
    expect(adapter.asked).toEqual([]);
  });

  it('uses a challenge once, however many send it', async () => {
    const adapter = await start();
    const { body: options } = await test.client().post('/mfa/sign-up/options', NAME);
    const credential = new SoftwareAuthenticator().create(options);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => test.client().post('/mfa/sign-up', { ...NAME, credential })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400]);
    expect(adapter.asked).toHaveLength(1);
  });

  it('says of a taken name what it says of a failed ceremony, and changes nothing', async () => {
    const adapter = await start();
    expect((await signUp(test.client())).status).toBe(201);
    const stranger = test.client();
    const refused = await signUp(stranger);
    const failed = await signUp(stranger, undefined, { tampering: { userVerified: false } });
    expect({ ...refused, headers: null }).toEqual({ ...failed, headers: null });
    const options = async (name: string) => {
      const { body } = await stranger.post('/mfa/sign-up/options', { name });
      return { ...body, challenge: '', user: { ...body.user, id: '', name: '', displayName: '' } } as object;
    };
    expect(await options(NAME.name)).toEqual(await options('free@example.com'));
    expect(adapter.taken.size).toBe(1);
    expect(await test.dataSource.getRepository(Authenticator).countBy({ type: 'webauthn' })).toBe(1);
  });

  it('passes on how the application refuses', async () => {
    const adapter = await start();
    adapter.answer = () => {
      throw new ConflictException('taken');
    };
    expect((await signUp(test.client())).status).toBe(409);
  });

  it.each(['a factor', 'a session'])('gives nobody the account of somebody who has %s', async (what) => {
    const adapter = await start();
    const owner = await enroll(test);
    const id = what === 'a factor' ? owner.id : newUserId();
    if (what === 'a session') await test.client().post('/login', { id });
    adapter.answer = () => users.get(id) as MfaUser;
    const client = test.client();
    expect(told(await signUp(client))).toEqual([400, 'webauthn_failed']);
    expect((await client.get('/me')).status).toBe(401);
    expect(await test.dataSource.getRepository(Authenticator).countBy({ type: 'webauthn' })).toBe(0);
    expect(adapter.discarded).toEqual([]);
    expect(test.logger.lines.join()).toContain('who already existed');
  });

  it('of two that are answered with one user, keeps one, wherever the first is overtaken', async () => {
    const { adapter, holdBack } = await startHeldBack();
    for (const point of pointsFrom()) {
      const id = newUserId();
      users.set(id, { id });
      adapter.answer = () => ({ id });
      const held = test.client(HELD);
      const { body: options } = await held.post('/mfa/sign-up/options', NAME);
      const body = { ...NAME, credential: new SoftwareAuthenticator().create(options) };
      let other = 0;
      const { answer, reached } = await holdBack.run(
        point,
        () => held.post('/mfa/sign-up', body),
        async () => void (other = (await signUp(test.client())).status),
      );
      // Who was never held came alone.
      const both = reached ? [201, 400] : [0, 201];
      expect([point, [answer.status, other].sort()]).toEqual([point, both]);
      const rows = test.dataSource.getRepository(Authenticator);
      expect(await rows.countBy({ userId: id, type: 'webauthn' })).toBe(1);
      // The user is the winner's.
      expect(adapter.discarded).toEqual([]);
      if (!reached) break;
    }
  });

  it('makes nobody for a credential that is somebody’s', async () => {
    const adapter = await start();
    const credentialId = Buffer.alloc(32, 7);
    expect((await signUp(test.client(), new SoftwareAuthenticator({}, credentialId))).status).toBe(201);
    const again = new SoftwareAuthenticator({}, credentialId);
    const answer = await signUp(test.client(), again, { begun: { name: 'other@example.com' } });
    expect(told(answer)).toEqual([409, 'credential_already_registered']);
    expect(adapter.asked).toHaveLength(1);
  });

  describe('when another one keeps its passkey first', () => {
    const credentialId = Buffer.alloc(32, 9);
    const key = () => new SoftwareAuthenticator({}, credentialId);

    /** A sign-up whose user is being made while another one with the same credential is through. */
    async function overtaken(adapter: SignUpAdapter): Promise<Answer> {
      const gate = new Gate();
      gate.close();
      const held = adapter.createUser.bind(adapter);
      adapter.createUser = async (asked) => {
        if (asked.name === 'slow@example.com') await gate.pass();
        return held(asked);
      };
      const slow = signUp(test.client(), key(), { begun: { name: 'slow@example.com' } });
      await gate.holds(1);
      expect((await signUp(test.client(), key(), { begun: { name: 'fast@example.com' } })).status).toBe(201);
      gate.open();
      return slow;
    }

    it('has the user removed that was made in vain', async () => {
      const adapter = await start();
      expect(told(await overtaken(adapter))).toEqual([409, 'credential_already_registered']);
      const made = adapter.taken.get('slow@example.com');
      expect(adapter.discarded).toEqual([made?.id]);
      expect(await test.dataSource.getRepository(MfaUserState).countBy({ userId: String(made?.id) })).toBe(0);
    });

    it('answers the same when the application could not remove them, and says so in the log', async () => {
      const adapter = await start();
      adapter.discardUser = () => {
        throw new Error('the table of users is away');
      };
      expect(told(await overtaken(adapter))).toEqual([409, 'credential_already_registered']);
      const id = String(adapter.taken.get('slow@example.com')?.id);
      expect(test.logger.lines.join('\n')).toContain(
        `The sign-up of user ${id} failed, and so did discardUser(): the table of users is away`,
      );
    });
  });

  it('ends the session that the browser had', async () => {
    await start();
    const { client } = await enroll(test);
    const former = client.clone();
    expect((await signUp(client)).status).toBe(201);
    expect((await former.get('/me')).status).toBe(401);
    expect((await client.get('/me')).body).toMatchObject({ email: NAME.name });
  });

  it('is refused to pages of other sites', async () => {
    await start();
    const { body: options } = await test.client().post('/mfa/sign-up/options', NAME);
    const credential = new SoftwareAuthenticator().create(options);
    const foreign = test.client({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' });
    expect(told(await foreign.post('/mfa/sign-up', { ...NAME, credential }))).toEqual([403, 'cross_origin']);
  });

  it.each([
    {},
    { name: '' },
    { name: 7 },
    { name: 'a\nb' },
    { name: 'x'.repeat(101) },
    { name: 'a', displayName: '' },
  ])('refuses %j', async (body) => {
    await start();
    expect(told(await test.client().post('/mfa/sign-up/options', body))).toEqual([400, 'invalid_request']);
  });

  it('is open to the application’s own code', async () => {
    const adapter = await start();
    const service = test.app.get(WebAuthnService);
    const options = await service.beginSignUp({ name: 'grace@example.com' });
    const credential = new SoftwareAuthenticator().create(options);
    const request = { headers: { origin: ORIGIN } };
    const response = { getHeader: () => undefined, setHeader: () => undefined };
    const result = await service.finishSignUp(
      credential,
      { name: 'grace@example.com' },
      { request, response },
    );
    expect(result).toMatchObject({ status: 'authenticated', recoveryCodes: expect.any(Array) as unknown });
    expect(adapter.asked).toEqual([
      { name: 'grace@example.com', displayName: 'grace@example.com', fields: {} },
    ]);
  });

  it('registers no key that can be synced under profile aal3', async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, passkeySignUp: true, profile: 'aal3' },
      adapter: SignUpAdapter,
      protectedRoutes: Nothing,
    });
    const synced = new SoftwareAuthenticator({ backupEligible: true });
    expect((await signUp(test.client(), synced)).body).toMatchObject({ reason: 'key_can_be_synced' });
    expect((test.adapter as SignUpAdapter).asked).toEqual([]);
  });
});

describe('without the option', () => {
  it('there is nothing', async () => {
    await start({ passkeySignUp: false });
    for (const path of ['/mfa/sign-up/options', '/mfa/sign-up'])
      expect(told(await test.client().post(path, NAME))).toEqual([404, 'not_found']);
    await expect(test.app.get(WebAuthnService).beginSignUp(NAME)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('and with it, an adapter that makes no users stops the boot', async () => {
    await start();
    const mfa = { webauthn: RELYING_PARTY, passkeyLogin: true, passkeySignUp: true };
    await expect(startTestApp({ mfa, database: ':memory:' })).rejects.toThrow('`createUser()`');
  });
});
