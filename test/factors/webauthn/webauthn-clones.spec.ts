import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent } from 'nestjs-mfa';
import { MfaAdminService, MfaAuditService, MfaEvents, WebAuthnService } from 'nestjs-mfa';

import type { Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, register, signInWithPasskey } from '../../support/ceremonies.js';
import { HELD, HoldBack, pointsFrom } from '../../support/hold-back.js';
import type { TestApp, TestAppOptions } from '../../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, startTestApp } from '../../support/test-app.js';

interface CloneApp extends TestApp {
  events: MfaEvent[];
}

async function start(
  { webauthn, ...mfa }: NonNullable<TestAppOptions['mfa']> = {},
  options: TestAppOptions = {},
): Promise<CloneApp> {
  const test = await startTestApp({
    mfa: {
      webauthn: { ...RELYING_PARTY, ...webauthn },
      audit: { enabled: true },
      passkeyLogin: true,
      ...mfa,
    },
    ...options,
  });
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  return { ...test, events };
}

const LOCKED = [403, 'authenticator_locked'];
const FAILED = [400, 'webauthn_failed'];

/** What came of proving a key in a new sign-in. */
async function signIn(test: TestApp, id: string, key: SoftwareAuthenticator, tampering: Tampering = {}) {
  const { status, body } = await assertKey(await halfSignIn(test, { id }), key, tampering);
  return status === 200 ? [200] : [status, body.code];
}

const typesOf = (events: readonly MfaEvent[], userId: string) =>
  events.filter((event) => event.userId === userId).map(({ type }) => type);

describe('a key of which there is a copy', () => {
  let test: CloneApp;
  beforeAll(async () => {
    test = await start();
  });
  afterAll(() => test.close());

  it('is locked for both, and told of', async () => {
    const { id, key, authenticatorId, client } = await enrollKey(test);
    expect(await signIn(test, id, key, { signCount: 50 })).toEqual([200]);
    const mails = test.adapter.notifications.length;
    test.events.length = 0;
    expect(await signIn(test, id, key, { signCount: 1 })).toEqual(FAILED);
    expect(await signIn(test, id, key, { signCount: 51 })).toEqual(LOCKED);
    expect(await signIn(test, id, key, { signCount: 2 })).toEqual(LOCKED);
    expect(typesOf(test.events, id).filter((type) => type.startsWith('mfa.authenticator.'))).toEqual([
      'mfa.authenticator.cloned',
      'mfa.authenticator.locked',
      'mfa.authenticator.failed',
    ]);
    expect(test.adapter.notifications.slice(mails).map(({ type }) => type)).toEqual(['authenticator_cloned']);
    expect(test.logger.lines.some((line) => line.includes('may have been cloned'))).toBe(true);
    const { entries } = await test.app
      .get(MfaAuditService)
      .find({ userId: id, types: ['mfa.authenticator.cloned', 'mfa.authenticator.locked'] });
    expect(entries).toHaveLength(2);
    const { body } = await client.get('/mfa/authenticators?type=webauthn');
    expect(body).toMatchObject([{ id: authenticatorId, locked: true }]);
    const half = await test.client().post('/login', { id });
    expect(half.body.methods).toEqual(['recovery_codes']);
  });

  it('says why it is refused, in the language of its user', async () => {
    const german = await start({ locales: ['en', 'de'] });
    const { id, key } = await enrollKey(german);
    await signIn(german, id, key, { signCount: 9 });
    await signIn(german, id, key, { signCount: 9 });
    const half = await halfSignIn(german, { id });
    const english = await assertKey(half, key, { signCount: 10 });
    expect(english.body).toMatchObject({
      code: 'authenticator_locked',
      reason: 'key_cloned',
      message: expect.stringContaining('as if it had been copied'),
    });
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    const { body } = await half.post(
      '/mfa/authenticate/webauthn',
      { credential: key.get(options) },
      { 'accept-language': 'de' },
    );
    expect(body.message).toContain('als gäbe es eine Kopie');
    await german.close();
  });

  it('is opened by an administrator, and by nothing else', async () => {
    const lenient = await start({ rateLimit: { unlock: { afterSeconds: 60, byOtherFactor: true } } });
    const user = await enroll(lenient);
    const key = new SoftwareAuthenticator();
    await register(user.client, key);
    await signIn(lenient, user.id, key, { signCount: 5 });
    expect(await signIn(lenient, user.id, key, { signCount: 4 })).toEqual(FAILED);
    lenient.clock.advance(86_400);
    const half = await halfSignIn(lenient, user);
    const code = codeOf(user.secret, lenient.clock);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    expect(await signIn(lenient, user.id, key, { signCount: 6 })).toEqual(LOCKED);
    const admin = lenient.app.get(MfaAdminService);
    expect((await admin.listUsers({ state: 'locked' })).users.map(({ userId }) => userId)).toEqual([user.id]);
    await admin.unlock(user.id);
    expect(lenient.events.at(-2)).toMatchObject({
      type: 'mfa.authenticator.unlocked',
      data: { by: 'admin' },
    });
    expect(await signIn(lenient, user.id, key, { signCount: 7 })).toEqual([200]);
    await lenient.close();
  });

  it('can be removed and registered anew', async () => {
    const user = await enroll(test);
    const key = new SoftwareAuthenticator();
    const { body } = await register(user.client, key);
    await signIn(test, user.id, key, { signCount: 5 });
    await signIn(test, user.id, key, { signCount: 5 });
    const removed = await user.client.delete(`/mfa/authenticators/${body.authenticator.id}`);
    expect(removed.status).toBe(204);
    const half = await halfSignIn(test, user);
    await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect((await register(half, key)).status).toBe(201);
    expect(await signIn(test, user.id, key)).toEqual([200]);
  });

  it('signs in with no password either', async () => {
    const key = new SoftwareAuthenticator();
    await enrollKey(test, key, { passwordless: true });
    expect((await signInWithPasskey(test.client(), key, { signCount: 5 })).status).toBe(200);
    const answers = [];
    for (const signCount of [5, 6]) answers.push(await signInWithPasskey(test.client(), key, { signCount }));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([FAILED, LOCKED]);
    expect(answers[1]?.headers.get('set-cookie')).toBeNull();
  });

  it('is refused outside HTTP too', async () => {
    const { id, key } = await enrollKey(test);
    const service = test.app.get(WebAuthnService);
    const present = async (signCount: number) =>
      service.verifyAuthentication(
        { id },
        key.get(await service.getCredentialRequestOptions({ id }), { signCount }),
      );
    await present(3);
    await expect(present(3)).rejects.toMatchObject({ code: 'webauthn_failed' });
    await expect(present(4)).rejects.toMatchObject({ code: 'authenticator_locked' });
  });

  it('is not what junk without its signature makes of it', async () => {
    const { id, key } = await enrollKey(test);
    await signIn(test, id, key, { signCount: 5 });
    expect(await signIn(test, id, key, { signCount: 1, wrongKey: true })).toEqual(FAILED);
    expect(await signIn(test, id, key, { signCount: 6 })).toEqual([200]);
  });

  it('is not a key that counts nothing, nor one that can be synced', async () => {
    const still = new SoftwareAuthenticator({ signCount: 0 });
    const { id } = await enrollKey(test, still);
    for (let time = 0; time < 2; time++) expect(await signIn(test, id, still)).toEqual([200]);
    const synced = new SoftwareAuthenticator({ backupEligible: true, backedUp: true });
    const holder = await enrollKey(test, synced);
    for (const signCount of [50, 1, 51, 0, 51, 51]) {
      expect(await signIn(test, holder.id, synced, { signCount })).toEqual([200]);
    }
    expect(typesOf(test.events, holder.id)).not.toContain('mfa.authenticator.cloned');
  });

  it('is only told of where the options say so', async () => {
    const lax = await start({ webauthn: { signCount: 'report' } });
    const { id, key } = await enrollKey(lax);
    await signIn(lax, id, key, { signCount: 10 });
    expect(await signIn(lax, id, key, { signCount: 5 })).toEqual([200]);
    expect(await signIn(lax, id, key, { signCount: 6 })).toEqual([200]);
    expect(typesOf(lax.events, id).filter((type) => /cloned|locked/.test(type))).toEqual([
      'mfa.authenticator.cloned',
    ]);
    expect(lax.adapter.notifications.map(({ type }) => type)).toContain('authenticator_cloned');
    await lax.close();
  });
});

describe('copies that sign at the same time', () => {
  it('are noticed by the one that comes second', async () => {
    const test = await start();
    const { id, key } = await enrollKey(test);
    const halves = await Promise.all(Array.from({ length: 5 }, () => halfSignIn(test, { id })));
    const answers = await Promise.all(halves.map((half) => assertKey(half, key, { signCount: 7 })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const rest = answers
      .filter(({ status }) => status !== 200)
      .map(({ status, body }) => [status, body.code]);
    expect(rest).toContainEqual(FAILED);
    expect(rest.filter(([status]) => status !== 400 && status !== 403)).toEqual([]);
    expect(await signIn(test, id, key, { signCount: 8 })).toEqual(LOCKED);
    expect(typesOf(test.events, id).filter((type) => type === 'mfa.authenticator.cloned')).toHaveLength(1);
    await test.close();
  });

  it('lock the key, at whatever point the one is held while the other is through', async () => {
    const holdBack = new HoldBack();
    const test = await start({}, { configure: holdBack.mark });
    holdBack.watch(test.dataSource, test.adapter);
    for (const step of pointsFrom()) {
      const { id, key } = await enrollKey(test);
      const [one, other] = [await halfSignIn(test, { id }), await halfSignIn(test, { id })];
      const [{ body: first }, { body: second }] = [
        await one.post('/mfa/authenticate/webauthn/options'),
        await other.post('/mfa/authenticate/webauthn/options'),
      ];
      const path = '/mfa/authenticate/webauthn';
      const late = { credential: key.get(first, { signCount: 7 }) };
      const early = { credential: key.get(second, { signCount: 7 }) };
      const outcomes: number[] = [];
      const held = await holdBack.run(
        step,
        () => one.post(path, late, HELD),
        async () => void outcomes.push((await other.post(path, early)).status),
      );
      if (!held.reached) break;
      expect([step, [...outcomes, held.answer.status].sort()]).toEqual([step, [200, 400]]);
      expect(await signIn(test, id, key, { signCount: 8 })).toEqual(LOCKED);
      expect(typesOf(test.events, id).filter((type) => type === 'mfa.authenticator.cloned')).toHaveLength(1);
    }
    await test.close();
  }, 60_000);
});
