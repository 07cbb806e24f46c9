import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaLocaleTexts, MfaNotification, MfaUser } from 'nestjs-mfa';
import {
  DefaultMfaAdapter,
  ENGLISH,
  GERMAN,
  MFA_ADAPTER,
  MfaAdminService,
  MFA_NOTIFICATION_TYPES,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { eventually, turns } from '../support/eventually.js';
import { Gate } from '../support/gate.js';
import { revocableMetadata } from '../support/metadata.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import {
  ORIGIN,
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  startTestApp,
  users,
} from '../support/test-app.js';

const EVIL = '<img src=x onerror=1>';
const AGENT = `Mozilla/5.0 <script>alert("${'x'.repeat(300)}")</script>`;

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0) Firefox/150.0';

const FRENCH: MfaLocaleTexts = {
  ...ENGLISH,
  locale: 'fr',
  notifications: {
    ...ENGLISH.notifications,
    authenticator_added: { subject: '{site} : un facteur a été ajouté', text: '« {name} » a été ajouté.' },
  },
};

const models = await revocableMetadata();

const start = ({ mfa = {}, ...rest }: TestAppOptions = {}): Promise<TestApp> =>
  startTestApp({
    mfa: {
      webauthn: { ...RELYING_PARTY, attestation: 'indirect', metadata: models.options },
      trustedDevices: { enabled: true },
      rateLimit: { attempts: 6, lockAfter: 3 },
      locales: ['en', 'de', FRENCH],
      ...mfa,
    },
    ...rest,
  });

/** What was sent while this ran. */
async function during(test: TestApp, run: () => Promise<unknown>): Promise<MfaNotification[]> {
  const from = test.adapter.notifications.length;
  await run();
  return test.adapter.notifications.slice(from);
}

async function prove(test: TestApp, user: Enrolled, client = user.client, extra = {}): Promise<number> {
  test.clock.advance(60);
  const code = codeOf(user.secret, test.clock);
  return (await client.post('/mfa/authenticate', { code, ...extra })).status;
}

async function addKey(
  client: Client,
  { name, aaguid }: { name?: string; aaguid?: string } = {},
): Promise<{ key: SoftwareAuthenticator; id: string }> {
  const key = new SoftwareAuthenticator(aaguid === undefined ? {} : { aaguid });
  const { body: options } = await client.post('/mfa/webauthn/options');
  const { body, status } = await client.post('/mfa/webauthn', { credential: key.create(options), name });
  expect(status).toBe(201);
  return { key, id: body.authenticator.id };
}

/** What no request of the user's has brought about. */
const BY_THE_APPLICATION = [
  'admin_reset',
  'authenticator_model_revoked',
  'authenticator_unlocked',
  'enrollment_demanded',
];

/** Everything that a user is told of, once each. */
async function story(
  test: TestApp,
  extra: Partial<MfaUser>,
): Promise<{ user: Enrolled; sent: MfaNotification[] }> {
  let user = {} as Enrolled;
  const sent = await during(test, async () => {
    user = await enroll(test, extra);
    const aaguid = randomUUID();
    const { key, id } = await addKey(user.client, { aaguid });
    const half = await halfSignIn(test, user);
    await prove(test, user, half, { trustDevice: true });
    const present = async (signCount: number) => {
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options, { signCount });
      return half.post('/mfa/authenticate/webauthn', { credential });
    };
    await present(7);
    await present(5);
    const copy = half.clone();
    await half.clone().post('/login', { id: user.id }, { 'user-agent': FIREFOX });
    await half.post('/login', { id: user.id });
    test.clock.advance(11);
    await copy.post('/login', { id: user.id });
    for (const code of user.recoveryCodes.slice(0, 7)) await user.client.post('/mfa/authenticate', { code });
    await user.client.post(`/mfa/authenticate/authenticators/${id}/suspend`);
    await user.client.post(`/mfa/authenticators/${id}/resume`);
    await user.client.post('/mfa/recovery-codes');
    for (const code of ['000000', '00000000']) {
      for (let guess = 0; guess < 3; guess++) await user.client.post('/mfa/authenticate', { code });
    }
    models.revoke(aaguid);
    await test.app.get(MfaAdminService).reportRevokedModels();
    await test.app.get(MfaAdminService).unlock(user.id);
    await user.client.delete(`/mfa/authenticators/${id}`);
    await test.app.get(MfaAdminService).reset(user.id, 'ticket 42');
    await test.app.get(MfaAdminService).requireEnrollment(user.id, 'ticket 42');
    await test.app.get(MfaAdminService).waiveEnrollment(user.id, 'ticket 42');
  });
  return { user, sent };
}

describe('notifications', () => {
  let test: TestApp;
  let telling: TestApp;
  beforeAll(async () => {
    test = await start();
    telling = await start({ mfa: { newSignIn: { enabled: true } } });
  });
  afterAll(async () => {
    await test.close();
    await telling.close();
  });

  it.each([
    ['en', ENGLISH, undefined],
    ['de', GERMAN, 'de'],
    ['de', GERMAN, 'de-AT'],
    ['en', ENGLISH, 'it'],
  ])('of all kinds are sent, in %s', async (locale, texts, preference) => {
    const { sent } = await story(telling, preference === undefined ? {} : { locale: preference });
    expect([...new Set(sent.map(({ type }) => type))].sort()).toEqual([...MFA_NOTIFICATION_TYPES].sort());
    for (const one of sent) {
      expect(one.locale).toBe(locale);
      expect(one.subject).toBe(texts.notifications[one.type].subject.replace('{site}', 'Example'));
      const [gist = ''] = texts.notifications[one.type].text
        .replace('{remaining}', String(one.remaining))
        .split(/\{(?:name|from)\}/);
      expect(one.text.startsWith(gist)).toBe(true);
      expect(one.text).toContain(texts.details.repudiation.replace('{site}', 'Example'));
      expect(one.html).toContain('<p>');
      expect(one.at).toBeLessThanOrEqual(telling.clock.now());
      const source = BY_THE_APPLICATION.includes(one.type)
        ? [null, null]
        : ['127.0.0.1', one.type === 'trusted_device_copied' ? FIREFOX : 'node'];
      expect([one.ip, one.userAgent]).toEqual(source);
    }
    expect(sent.filter(({ type }) => type === 'enrollment_demanded')).toHaveLength(1);
    const [signIn, first] = sent;
    expect(signIn).toMatchObject({ type: 'new_sign_in' });
    expect(first).toMatchObject({
      type: 'authenticator_added',
      authenticatorType: 'totp',
      authenticatorName: 'Authenticator app',
    });
    const used = sent.filter(({ type }) => type === 'recovery_code_used').map(({ remaining }) => remaining);
    expect(used).toEqual([9, 8, 7, 6, 5, 4, 3]);
    expect(sent.filter(({ type }) => type === 'recovery_codes_low')).toMatchObject([{ remaining: 3 }]);
  });

  it('lead to the page to look at, on an origin of the options and no host that a stranger names', async () => {
    const other = await start({ mfa: { pages: { publicPath: '/app/safety' } } });
    const sent = await during(other, async () => {
      const user = await enroll(other);
      user.client.headers['x-forwarded-host'] = 'evil.example';
      await user.client.post('/mfa/recovery-codes');
      await prove(other, user, await halfSignIn(other, user), { trustDevice: true });
    });
    expect(sent.map(({ type, url }) => [type, url])).toEqual([
      ['authenticator_added', `${ORIGIN}/app/safety`],
      ['recovery_codes_regenerated', `${ORIGIN}/app/safety/recovery-codes`],
      ['trusted_device_added', `${ORIGIN}/app/safety/trusted-devices`],
    ]);
    for (const { text, html, url } of sent) {
      expect(text).toContain(`See your account: ${url}`);
      expect(html).toContain(`<a href="${url}">`);
    }
    await other.close();
    // Nobody knows on which origin: no link is better than a wrong one.
    const bare = await startTestApp({ mfa: { pages: true, supportedTypes: ['totp', 'recovery_codes'] } });
    const [added] = await during(bare, () => enroll(bare));
    expect(added).not.toHaveProperty('url');
    await bare.close();
  });

  it('are in a language that the application brings itself', async () => {
    const [sent] = await during(test, () => enroll(test, { locale: 'fr-CA' }));
    expect(sent).toMatchObject({ locale: 'fr', subject: 'Example : un facteur a été ajouté' });
    expect(sent?.text).toMatch(/^« Authenticator app » a été ajouté\.\n\nWhen: \d+ janvier 2027/);
  });

  it('do not follow the language of a request, which may be a stranger’s', async () => {
    const user = await enroll(test);
    const stranger = test.client({ 'accept-language': 'de' });
    await stranger.post('/login', { id: user.id });
    const sent = await during(test, async () => {
      for (let guess = 0; guess < 3; guess++) {
        const { body } = await stranger.post('/mfa/authenticate', { code: '000000' });
        expect(body.message).toBe(GERMAN.errors.incorrect_code);
      }
    });
    expect(sent).toMatchObject([{ type: 'authenticator_locked', locale: 'en' }]);
  });

  it('go to everyday life’s end: not for sign-in, step-up, another name, sign-out', async () => {
    const user = await enroll(test);
    const sent = await during(test, async () => {
      expect(await prove(test, user)).toBe(200);
      await (await halfSignIn(test, user)).post('/mfa/authenticate', { code: '000000' });
      await user.client.patch(`/mfa/authenticators/${user.authenticatorId}`, { name: 'Phone' });
      await user.client.delete('/mfa/session');
    });
    expect(sent).toEqual([]);
  });

  it('escape what a user or a stranger chose, and cut it', async () => {
    const user = await enroll(test);
    const client = user.client.clone();
    client.headers['user-agent'] = AGENT;
    const [added] = await during(test, () => addKey(client, { name: EVIL }));
    expect(added).toMatchObject({ authenticatorName: EVIL, userAgent: AGENT.slice(0, 255) });
    expect(added?.text).toContain(`“${EVIL}” was added`);
    expect(added?.html).toContain('“&lt;img src=x onerror=1&gt;” was added');
    expect(added?.html).toContain('Browser: Unknown browser');
    expect(added?.html.replace(/<\/?p>|<br>/g, '')).not.toMatch(/[<>]/);
  });

  it('have one line for a subject, whatever the site is called and the key', async () => {
    class Multiline extends TestAdapter {
      override getTotpIssuer(): string {
        return 'Example\r\nBcc: everybody@example.com';
      }

      override generateAuthenticatorName(): Promise<string> {
        return Promise.resolve('Key\r\n\r\nforged');
      }
    }
    const other = await start({ adapter: Multiline });
    const [sent] = await during(other, () => enroll(other));
    expect(sent?.subject).toBe('Example Bcc: everybody@example.com: a second factor was added');
    expect(sent?.text.split('\n\n')).toHaveLength(3);
    expect(sent?.text).toMatch(/^“Key forged” was added/);
    await other.close();
  });

  it('go to the user whom they concern, with all that is known of them', async () => {
    const seen: [string, MfaUser][] = [];
    class Addressed extends TestAdapter {
      override sendNotification(notification: MfaNotification, user?: MfaUser): void {
        seen.push([notification.type, user as MfaUser]);
      }
    }
    const other = await start({ adapter: Addressed });
    const user = await enroll(other, { displayName: 'Ada' });
    await other.app.get(MfaAdminService).reset(user.id, 'ticket 42');
    // No request waits for its mails.
    for (let turns = 0; turns < 100 && seen.length < 2; turns++) await nextTurn();
    const ada = expect.objectContaining({ id: user.id, email: `${user.id}@example.com`, displayName: 'Ada' });
    expect(seen).toEqual([
      ['authenticator_added', ada],
      ['admin_reset', ada],
    ]);
    await other.close();
  });

  it('are sent once, of 25 submissions of one recovery code', async () => {
    const user = await enroll(test);
    const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, user)));
    const [code] = user.recoveryCodes;
    const roomy = await start({ mfa: { rateLimit: { attempts: 1000 } } });
    const other = await enroll(roomy);
    const others = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(roomy, other)));
    const sent = await during(roomy, () =>
      Promise.all(others.map((half) => half.post('/mfa/authenticate', { code: other.recoveryCodes[0] }))),
    );
    expect(sent.map(({ type }) => type)).toEqual(['recovery_code_used']);
    // With a low cap the 24 that came too late also lock the codes: that too is told once.
    const locking = await during(test, () =>
      Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code }))),
    );
    expect(locking.map(({ type }) => type).sort()).toEqual(['authenticator_locked', 'recovery_code_used']);
    await roomy.close();
  });
});

describe('a mailer that fails', () => {
  class Failing extends DefaultMfaAdapter {
    override findUser(id: string): MfaUser | null {
      return users.get(id) ?? null;
    }

    static fail: () => void | Promise<void> = () => undefined;
    static failLocale = false;

    override sendNotification(): void | Promise<void> {
      return Failing.fail();
    }

    override getLocale(...args: Parameters<DefaultMfaAdapter['getLocale']>): string | Promise<string> {
      if (Failing.failLocale) throw new Error('no language today');
      return super.getLocale(...args);
    }
  }
  let test: TestApp;
  beforeAll(async () => {
    test = await start({ adapter: Failing });
  });
  afterAll(() => test.close());

  it.each<[string, () => void | Promise<void>, string | null]>([
    [
      'throws',
      () => {
        throw new Error('no mail today');
      },
      'A notification (authenticator_added) could not be sent: no mail today',
    ],
    [
      'rejects',
      () => Promise.reject(new Error('no mail later')),
      'A notification (recovery_codes_regenerated) could not be sent: no mail later',
    ],
    [
      'rejects with no error at all',
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      () => Promise.reject('a string'),
      'A notification (authenticator_removed) could not be sent',
    ],
    ['never answers', () => new Promise(() => undefined), null],
  ])('as it %s, fails no request, and is logged without secrets', async (_, fail, line) => {
    Failing.fail = fail;
    const from = test.logger.lines.length;
    const user = await enroll(test);
    const { status, body } = await user.client.post('/mfa/recovery-codes');
    expect(status).toBe(201);
    const removal = await user.client.delete(`/mfa/authenticators/${user.authenticatorId}`);
    expect(removal.status).toBe(204);
    Failing.fail = () => undefined;
    const log = test.logger.lines.slice(from).join('\n');
    expect(log.includes('could not be sent')).toBe(line !== null);
    expect(log).toContain(line ?? '');
    for (const secret of [user.secret, ...user.recoveryCodes, ...body.codes])
      expect(log).not.toContain(secret);
  });

  it('fails nothing either when the language can’t be told', async () => {
    Failing.failLocale = true;
    const user = await enroll(test);
    Failing.failLocale = false;
    expect((await user.client.get('/mfa/status')).body.enabled).toBe(true);
    expect(test.logger.lines.join('\n')).toContain(
      'A notification (authenticator_added) could not be sent: no language today',
    );
  });
});

describe('the adapter’s own hook', () => {
  it('logs what it would send, without a name or a text', async () => {
    class Plain extends DefaultMfaAdapter {
      override findUser(id: string): MfaUser | null {
        return users.get(id) ?? null;
      }
    }
    const test = await start({ adapter: Plain });
    const { client, id } = await enroll(test);
    await addKey(client, { name: 'My own name' });
    expect(test.app.get(MFA_ADAPTER)).toBeInstanceOf(Plain);
    const lines = test.logger.lines.filter((line) => line.includes('authenticator_added'));
    expect(lines.map((line) => line.split(' DefaultMfaAdapter')[0])).toEqual([
      `authenticator_added (totp) of user ${id}`,
      `authenticator_added (webauthn) of user ${id}`,
    ]);
    expect(test.logger.lines.join('\n')).not.toContain('My own name');
    await test.close();
  });

  it('is waited for when the application ends', async () => {
    const gate = new Gate();
    const sent: string[] = [];
    class Slow extends TestAdapter {
      override async sendNotification({ type }: MfaNotification): Promise<void> {
        await gate.pass();
        sent.push(type);
      }
    }
    const test = await start({ adapter: Slow });
    const { id } = await enroll(test);
    await eventually('first one', () => sent.length === 1);
    gate.close();
    await test.app.get(MfaAdminService).reset(id, 'lost phone');
    await gate.holds(1);
    let hasEnded = false;
    const ending = test.close().then(() => (hasEnded = true));
    await turns();
    expect([hasEnded, sent]).toEqual([false, ['authenticator_added']]);
    gate.open();
    await ending;
    expect(sent).toEqual(['authenticator_added', 'admin_reset']);
  });
});
