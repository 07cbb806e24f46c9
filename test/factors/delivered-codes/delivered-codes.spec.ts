import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MfaMessage, MfaUser } from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaFactorChallenge,
  MfaFactorSetup,
  MfaService,
  MfaUserState,
  emailCode,
  smsCode,
} from 'nestjs-mfa';

import type { Client } from '../../support/client.js';
import { LinkController } from '../../support/controllers.js';
import type { TestApp, TestAppOptions } from '../../support/test-app.js';
import {
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../../support/test-app.js';

/** What the application has sent, the newest last. */
const outbox: MfaMessage[] = [];
let isBroken = false;
/** What happens while a message is sent. */
let meanwhile: () => Promise<unknown> = () => Promise.resolve();
/** When the application says that the user has signed in. */
let signedInAt: Date | null = null;

class SendingAdapter extends TestAdapter {
  override async sendMessage(message: MfaMessage): Promise<void> {
    await meanwhile();
    if (isBroken) throw new Error(`refused: ${message.text}`);
    outbox.push(message);
  }

  override getAuthenticatedAt(): Date | null {
    return signedInAt;
  }
}

/** A header with the claims of an access token, for an application that has these. */
const ACCESS_TOKEN = 'x-access-token';

const cookieOf = ({ cookies }: Client) => `mfa_session=${cookies.get('mfa_session') ?? ''}`;

const lastCode = () => outbox.at(-1)?.code as string;
const wrongCode = () => String((Number(lastCode()) + 1) % 1_000_000).padStart(6, '0');

interface Person {
  id: string;
  client: Client;
  recoveryCodes: string[];
}

describe('codes that are sent', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: SendingAdapter,
      controllers: [LinkController],
      mfa: {
        factors: [emailCode(), smsCode({ acceptNumber: (number) => !number.endsWith('99') })],
        requiredForStaff: true,
      },
      configure: (app) => {
        app.use(
          (request: { headers: Record<string, string>; user?: unknown }, _: unknown, next: () => void) => {
            const token = request.headers[ACCESS_TOKEN];
            if (token !== undefined) request.user = JSON.parse(token);
            next();
          },
        );
      },
    });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    outbox.length = 0;
    isBroken = false;
    meanwhile = () => Promise.resolve();
    signedInAt = null;
    // A new window for everybody.
    test.clock.advance(3600);
  });

  async function signUp(extra: Partial<MfaUser> = {}): Promise<{ id: string; client: Client }> {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id, phoneNumber: '+491701234567', ...extra });
    return { id, client };
  }

  /** Somebody who has set it up, and has just proven it. */
  async function withCodes(type = 'email_code', extra: Partial<MfaUser> = {}): Promise<Person> {
    const { id, client } = await signUp(extra);
    await client.post(`/mfa/factors/${type}`);
    const { body } = await client.post(`/mfa/factors/${type}/activate`, { code: lastCode() });
    return { id, client, recoveryCodes: body.recoveryCodes as string[] };
  }

  async function challenged(person: Pick<Person, 'id'>, type = 'email_code'): Promise<Client> {
    const half = await halfSignIn(test, person);
    const answer = await half.post(`/mfa/authenticate/${type}/challenge`);
    expect(answer.status).toBe(200);
    return half;
  }

  describe.each([
    ['email_code', 'email', /^u•••@example\.com$/],
    ['sms_code', 'sms', /^•••• 4567$/],
  ])('as the factor %s', (type, channel, destination) => {
    it('sets up, signs in and steps up', async () => {
      const { id, client } = await signUp();
      const begun = await client.post(`/mfa/factors/${type}`);
      expect(begun.status).toBe(201);
      expect(begun.body).toEqual({
        destination: expect.stringMatching(destination),
        expiresAt: new Date(test.clock.now() + 600_000).toISOString(),
        ...(type === 'sms_code' ? { restricted: true } : {}),
      });
      const [message] = outbox;
      const to = channel === 'email' ? `${id}@example.com` : '+491701234567';
      expect(message).toMatchObject({ channel, to, code: expect.stringMatching(/^\d{6}$/), locale: 'en' });
      expect(message?.user.id).toBe(id);
      expect(message?.text).toContain(`${lastCode()} is your code for `);

      const added = await client.post(`/mfa/factors/${type}/activate`, { code: lastCode() });
      expect(added.status).toBe(201);
      expect(added.body.authenticator).toMatchObject({
        type,
        name: type === 'sms_code' ? 'Text message' : 'E-mail',
      });
      expect(added.body.recoveryCodes).toHaveLength(10);
      expect(added.body.proven).toEqual([
        { method: 'pwd', at: expect.any(String) },
        { method: type, at: expect.any(String) },
      ]);
      expect((await client.get('/protected')).status).toBe(200);
      const [listed] = (await client.get(`/mfa/authenticators?type=${type}`)).body;
      expect(listed.destination).toMatch(destination);

      const half = test.client();
      const login = await half.post('/login', { id });
      expect(login.body).toMatchObject({ status: 'mfa_required', methods: ['recovery_codes', type] });
      const sent = await half.post(`/mfa/authenticate/${type}/challenge`);
      expect(sent.status).toBe(200);
      expect(sent.body).toEqual({
        destination: expect.stringMatching(destination),
        expiresAt: new Date(test.clock.now() + 600_000).toISOString(),
        nextAt: new Date(test.clock.now()).toISOString(),
      });
      const signedIn = await half.post('/mfa/authenticate', { code: lastCode() });
      expect(signedIn.status).toBe(200);
      expect(signedIn.body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', type]);

      test.clock.advance(301);
      const refused = await half.get('/protected');
      expect(refused.body).toMatchObject({ code: 'mfa_required', methods: ['recovery_codes', type] });
      await half.post(`/mfa/authenticate/${type}/challenge`, {});
      expect((await half.post('/mfa/authenticate', { code: lastCode() })).status).toBe(200);
      expect((await half.get('/protected')).status).toBe(200);
    });
  });

  it('work once, until the next one is sent, and until their time is over', async () => {
    const person = await withCodes();
    const half = await challenged(person);
    const first = lastCode();
    await half.post('/mfa/authenticate/email_code/challenge');
    const second = lastCode();
    expect((await half.post('/mfa/authenticate', { code: first })).body.code).toBe('incorrect_code');
    expect((await half.post('/mfa/authenticate', { code: second })).status).toBe(200);
    expect((await half.post('/mfa/authenticate', { code: second })).body.code).toBe('incorrect_code');
    const late = await challenged(person);
    test.clock.advance(600);
    expect((await late.post('/mfa/authenticate', { code: lastCode() })).body.code).toBe('incorrect_code');
  });

  it('count once of many that come at the same time', async () => {
    const person = await withCodes();
    const half = await challenged(person);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => half.clone().post('/mfa/authenticate', { code: lastCode() })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('belong to the session that asked for them, and to what they were sent for', async () => {
    const person = await withCodes();
    const one = await challenged(person);
    const code = lastCode();
    const other = await halfSignIn(test, person);
    expect((await other.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    await other.post('/mfa/authenticate/email_code/challenge');
    // The other session's code leaves this one's alone.
    expect((await one.post('/mfa/authenticate', { code })).status).toBe(200);

    const { client } = await signUp();
    await client.post('/mfa/factors/email_code');
    const enrolling = lastCode();
    const thief = test.client();
    await thief.post('/login', { id: person.id });
    expect((await thief.post('/mfa/authenticate', { code: enrolling })).body.code).toBe('incorrect_code');
    expect((await client.post('/mfa/factors/sms_code/activate', { code: enrolling })).body.code).toBe(
      'no_pending_setup',
    );
  });

  it('are guessed within the budget that all factors share, and a new one does not renew it', async () => {
    const person = await withCodes();
    const half = await challenged(person);
    for (let guess = 0; guess < 5; guess++) {
      expect((await half.post('/mfa/authenticate', { code: wrongCode() })).body.code).toBe('incorrect_code');
    }
    await half.post('/mfa/authenticate/email_code/challenge');
    const blocked = await half.post('/mfa/authenticate', { code: lastCode() });
    expect([blocked.status, blocked.body.code]).toEqual([429, 'too_many_attempts']);
  });

  it.each([{}, { authenticatorId: null }])('are asked for by %j', async (body) => {
    const half = await halfSignIn(test, await withCodes());
    expect((await half.post('/mfa/authenticate/email_code/challenge', body)).status).toBe(200);
    const answer = await half.post('/mfa/authenticate', { code: lastCode(), trustDevice: null });
    expect(answer.body.status).toBe('authenticated');
  });

  it('are sent five times in ten minutes, whoever asks, at once or not', async () => {
    const person = await withCodes();
    const halves = await Promise.all([halfSignIn(test, person), halfSignIn(test, person)]);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (halves[index % 2] as Client).post('/mfa/authenticate/email_code/challenge'),
      ),
    );
    // One was sent at set-up.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'too_many_messages', retryAfter: 600 });
    expect(refused?.headers.get('retry-after')).toBe('600');
    expect(outbox).toHaveLength(5);
    test.clock.advance(600);
    expect((await halves[0].post('/mfa/authenticate/email_code/challenge')).status).toBe(200);
  });

  it('that can’t be sent answer 503, and nothing is spent', async () => {
    const person = await withCodes();
    const half = await challenged(person);
    const before = lastCode();
    isBroken = true;
    for (let tried = 0; tried < 7; tried++) {
      const answer = await half.post('/mfa/authenticate/email_code/challenge');
      expect([answer.status, answer.body.code]).toEqual([503, 'message_not_sent']);
    }
    isBroken = false;
    // Whatever the sender said held the code.
    expect(test.logger.lines.join('\n')).not.toContain('is your code');
    expect((await half.post('/mfa/authenticate', { code: before })).status).toBe(200);
    const { client } = await signUp();
    isBroken = true;
    expect((await client.post('/mfa/factors/email_code')).body.code).toBe('message_not_sent');
    isBroken = false;
    expect((await client.post('/mfa/factors/email_code/activate', { code: '123456' })).body.code).toBe(
      'no_pending_setup',
    );
  });

  it('never go to an address that a request names, nor to one that is not in the record', async () => {
    const { client } = await signUp({ email: null });
    const body = { email: 'thief@example.com', to: 'thief@example.com' };
    const answer = await client.post('/mfa/factors/email_code', body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    const number = await signUp({ phoneNumber: '0170 1234567' });
    expect((await number.client.post('/mfa/factors/sms_code')).status).toBe(400);
    const swapped = await signUp({ phoneNumber: '+491701234599' });
    expect((await swapped.client.post('/mfa/factors/sms_code')).status).toBe(400);
    const unverified = await signUp({ emailVerified: false });
    expect((await unverified.client.post('/mfa/factors/email_code')).body.code).toBe('unverified_email');
    expect(outbox).toHaveLength(0);
  });

  it('are void when the record changes, until they are set up anew', async () => {
    const person = await withCodes();
    const half = await challenged(person);
    const code = lastCode();
    users.set(person.id, { ...(users.get(person.id) as MfaUser), email: 'new@example.com' });
    expect((await half.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    const login = await test.client().post('/login', { id: person.id });
    // The second factor is owed still: a changed address opens nothing.
    expect(login.body).toMatchObject({ status: 'mfa_required', methods: ['recovery_codes'] });
    expect((await half.post('/mfa/authenticate/email_code/challenge')).body.code).toBe('not_found');

    const recovered = await halfSignIn(test, person);
    await recovered.post('/mfa/authenticate', { code: person.recoveryCodes[0] });
    const [{ id, name }] = (await recovered.get('/mfa/authenticators?type=email_code')).body;
    expect((await recovered.post('/mfa/factors/email_code')).body.destination).toBe('n•••@example.com');
    // The void one stays until the new one is proven.
    expect((await recovered.get('/mfa/authenticators?type=email_code')).body).toMatchObject([{ id }]);
    const anew = await recovered.post('/mfa/factors/email_code/activate', { code: lastCode() });
    expect([anew.status, anew.body.recoveryCodes]).toEqual([201, undefined]);
    const listed = (await recovered.get('/mfa/authenticators?type=email_code')).body;
    expect(listed).toEqual([expect.objectContaining({ name, destination: 'n•••@example.com' })]);
    expect(listed[0].id).not.toBe(id);
    // It works, so it is no longer replaced.
    expect((await recovered.post('/mfa/factors/email_code')).body.code).toBe('already_enabled');
    expect((await (await challenged(person)).post('/mfa/authenticate', { code: lastCode() })).status).toBe(
      200,
    );
  });

  it('that are void leave nobody stuck who must have a second factor', async () => {
    const person = await withCodes('email_code', { isStaff: true });
    users.set(person.id, { ...(users.get(person.id) as MfaUser), email: 'new@example.com' });
    const recovered = await halfSignIn(test, person);
    await recovered.post('/mfa/authenticate', { code: person.recoveryCodes[0] });
    const [{ id }] = (await recovered.get('/mfa/authenticators?type=email_code')).body;
    expect((await recovered.delete(`/mfa/authenticators/${id}`)).body.code).toBe(
      'cannot_delete_authenticator',
    );
    expect((await recovered.post('/mfa/factors/email_code')).status).toBe(201);
    const anew = await recovered.post('/mfa/factors/email_code/activate', { code: lastCode() });
    expect(anew.status).toBe(201);
  });

  it('go to the address on record, whatever an access token says', async () => {
    const person = await withCodes();
    const old = users.get(person.id) as MfaUser;
    const bearer = test.client({ [ACCESS_TOKEN]: JSON.stringify(old) });
    const path = '/mfa/authenticate/email_code/challenge';
    expect((await bearer.post(path)).status).toBe(200);
    expect((await bearer.post('/mfa/authenticate', { code: lastCode() })).status).toBe(200);
    test.clock.advance(3600);

    users.set(person.id, { ...old, email: 'new@example.com' });
    const stale = test.client({ [ACCESS_TOKEN]: JSON.stringify(old) });
    expect((await stale.post(path)).body.code).toBe('not_found');
    expect((await stale.post('/mfa/authenticate', { code: lastCode() })).body.code).toBe('incorrect_code');

    const fresh = await signUp();
    const claims = { ...(users.get(fresh.id) as MfaUser), email: 'thief@example.com' };
    const lying = test.client({ [ACCESS_TOKEN]: JSON.stringify(claims), cookie: cookieOf(fresh.client) });
    const begun = await lying.post('/mfa/factors/email_code');
    expect([begun.status, outbox.at(-1)?.to]).toEqual([201, `${fresh.id}@example.com`]);
    expect((await lying.post('/mfa/factors/email_code/activate', { code: lastCode() })).status).toBe(201);

    users.delete(person.id);
    expect((await bearer.post(path)).body.code).toBe('session_expired');
  });

  it('are no second factor where the first came over the same channel', async () => {
    const person = await withCodes();
    const half = test.client();
    const login = await half.post('/link', { id: person.id, firstFactor: 'email' });
    expect(login.body).toMatchObject({
      status: 'mfa_required',
      methods: ['recovery_codes'],
      proven: [{ method: 'email' }],
    });
    expect((await half.post('/mfa/authenticate/email_code/challenge')).body.code).toBe('not_found');
    const other = await challenged(person);
    expect((await half.post('/mfa/authenticate', { code: lastCode() })).body.code).toBe('incorrect_code');
    expect((await other.post('/mfa/authenticate', { code: lastCode() })).status).toBe(200);
    expect((await half.post('/mfa/authenticate', { code: person.recoveryCodes[0] })).status).toBe(200);

    const fresh = await signUp();
    const byLink = test.client();
    expect((await byLink.post('/link', { id: fresh.id, firstFactor: 'email' })).body.status).toBe(
      'authenticated',
    );
    expect((await byLink.post('/mfa/factors/email_code')).status).toBe(400);
    expect((await byLink.post('/mfa/factors/sms_code')).status).toBe(201);
  });

  it('stand beside other factors, and each verifies its own', async () => {
    const user = await enroll(test);
    await user.client.post('/mfa/factors/email_code');
    await user.client.post('/mfa/factors/email_code/activate', { code: lastCode() });
    test.clock.advance(30);
    const half = await challenged(user);
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
    const again = await challenged(user);
    expect((await again.post('/mfa/authenticate', { code: lastCode() })).status).toBe(200);
    const only = await challenged(user);
    const { body } = await only.post('/mfa/authenticate/email_code/challenge', { authenticatorId: user.id });
    expect(body.code).toBe('invalid_request');
    const unknown = await only.post('/mfa/authenticate/email_code/challenge', {
      authenticatorId: '11111111-1111-4111-8111-111111111111',
    });
    expect(unknown.body.code).toBe('not_found');
    expect((await only.post('/mfa/authenticate/totp/challenge')).body.code).toBe('not_found');
    expect((await only.post('/mfa/authenticate/constructor/challenge')).body.code).toBe('not_found');
    expect((await user.client.post('/mfa/factors/email_code')).body.code).toBe('already_enabled');
    expect((await user.client.post('/mfa/factors/totp')).body.code).toBe('not_found');
  });

  it('leave nothing behind for a session that ended, or a user who was forgotten, while they were sent', async () => {
    for (const end of [
      (_: Person, half: Client) => half.clone().delete('/mfa/session'),
      ({ id }: Person) => test.app.get(MfaService).forgetUser(id),
    ]) {
      const person = await withCodes();
      const half = await halfSignIn(test, person);
      meanwhile = () => end(person, half);
      const answer = await half.post('/mfa/authenticate/email_code/challenge');
      meanwhile = () => Promise.resolve();
      expect([answer.status, answer.body.code]).toEqual([401, 'session_expired']);
      const challenges = test.dataSource.getRepository(MfaFactorChallenge);
      expect(await challenges.countBy({ userId: person.id })).toBe(0);
    }
  });

  it('leave nothing behind for a user who was forgotten meanwhile, in an application without our sessions', async () => {
    const newcomer = newUserId();
    users.set(newcomer, { id: newcomer, email: `${newcomer}@example.com` });
    const person = await withCodes();
    signedInAt = new Date(test.clock.now());
    for (const [id, path, code] of [
      [newcomer, '/mfa/factors/email_code', 'session_expired'],
      [person.id, '/mfa/authenticate/email_code/challenge', 'not_found'],
    ] as const) {
      const client = test.client({ [ACCESS_TOKEN]: JSON.stringify({ id }) });
      meanwhile = () => test.app.get(MfaService).forgetUser(id);
      expect((await client.post(path)).body.code).toBe(code);
      meanwhile = () => Promise.resolve();
      for (const entity of [MfaFactorSetup, MfaFactorChallenge, MfaUserState])
        expect(await test.dataSource.getRepository(entity).countBy({ userId: id })).toBe(0);
    }
  });

  it('keep nothing that tells a code or an address, and leave nothing behind', async () => {
    const person = await withCodes();
    await challenged(person);
    const { client } = await signUp();
    await client.post('/mfa/factors/email_code');
    const rows = [
      ...(await test.dataSource.getRepository(MfaFactorChallenge).find()),
      ...(await test.dataSource.getRepository(MfaFactorSetup).find()),
    ];
    expect(rows.length).toBeGreaterThanOrEqual(2);
    const text = JSON.stringify(rows);
    for (const { code } of outbox) expect(text).not.toContain(code);
    expect(text).not.toContain('@example.com');
    await test.app.get(MfaService).forgetUser(person.id);
    const left = await test.dataSource.getRepository(MfaFactorChallenge).countBy({ userId: person.id });
    expect(left).toBe(0);
    test.clock.advance(7200);
    const purged = await test.app.get(MfaAdminService).purgeExpired();
    expect(purged.factorSetups).toBeGreaterThan(0);
    expect(await test.dataSource.getRepository(MfaFactorSetup).count()).toBe(0);
  });
});

describe('the options of codes that are sent', () => {
  const apps: TestApp[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });

  it.each([
    [
      'a profile that refuses e-mail',
      { profile: 'aal2', factors: [emailCode()] },
      'profile `aal2` does not allow `email_code`',
    ],
    [
      'a profile that refuses text messages',
      { profile: 'strict', factors: [smsCode()] },
      'profile `strict` does not allow `sms_code`',
    ],
    [
      'text messages alone',
      { supportedTypes: ['sms_code', 'recovery_codes'], factors: [smsCode()] },
      'must include `totp` or `webauthn` along with `sms_code`',
    ],
    [
      'a code that is too short',
      { factors: [emailCode({ digits: 5 })] },
      '`digits` of `emailCode()` must be',
    ],
    [
      'a code that lives too long',
      { factors: [emailCode({ ttlSeconds: 601 })] },
      '`ttlSeconds` of `emailCode()` must be',
    ],
    [
      'an option that is misspelt',
      { factors: [smsCode({ accept: 1 } as never)] },
      '`smsCode()` has no option `accept`',
    ],
    [
      'two of one type',
      { factors: [emailCode(), emailCode()] },
      '`factors` has two factors of type email_code',
    ],
    ['what is no factor', { factors: [class {}] as never }, '`factors` must be a list of'],
    [
      'nobody who sends',
      { adapter: TestAdapter, factors: [emailCode()] },
      'nothing sends the codes of `email_code`',
    ],
  ])('stop the boot: %s', async (_, mfa, problem) => {
    const { adapter = SendingAdapter, ...options } = mfa as TestAppOptions['mfa'] & object;
    const started = (async () => apps.push(await startTestApp({ adapter, mfa: options })))();
    await expect(started).rejects.toThrow(problem);
  });

  it('set digits, time and number', async () => {
    const sent: MfaMessage[] = [];
    const test = await startTestApp({
      mfa: {
        factors: [
          emailCode({
            digits: 8,
            ttlSeconds: 120,
            maxMessages: 1,
            sendMessage: (message) => void sent.push(message),
          }),
        ],
        locales: ['en', 'de'],
      },
    });
    apps.push(test);
    const client = test.client();
    await client.post('/login', { id: newUserId(), locale: 'de' });
    const begun = await client.post('/mfa/factors/email_code');
    expect(begun.body.expiresAt).toBe(new Date(test.clock.now() + 120_000).toISOString());
    expect(sent[0]).toMatchObject({ code: expect.stringMatching(/^\d{8}$/), locale: 'de' });
    expect(sent[0]?.text).toContain('ist Ihr Code für');
    expect(sent[0]?.text).toContain('2 Minuten');
    expect((await client.post('/mfa/factors/email_code')).body.code).toBe('too_many_messages');
  });
});
