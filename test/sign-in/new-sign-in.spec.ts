import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import type {
  MfaEncryptionContext,
  MfaEvent,
  MfaLoginResult,
  MfaModuleOptions,
  MfaNotification,
  MfaSignInContext,
  MfaUser,
} from 'nestjs-mfa';
import { AuthenticationSessionService, MfaAuditService, MfaEvents, MfaService, SkipMfa } from 'nestjs-mfa';

import { PAGES, PageAdapter } from '../pages/support.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, enrollKey, signInWithPasskey } from '../support/ceremonies.js';
import type { Client } from '../support/client.js';
import { ENGINE, sharedDatabase } from '../support/databases.js';
import { turns } from '../support/eventually.js';
import { HELD, HoldBack, pointsFrom } from '../support/hold-back.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import {
  ORIGIN,
  RELYING_PARTY,
  SECRET,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const COOKIE = 'mfa_known';
const YEAR = 31_536_000;
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0';

/** Other ways into the application. */
@Controller()
class OtherWaysIn {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post('register')
  @SkipMfa()
  register(
    @Body() { id }: { id: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    users.set(id, { id });
    return this.mfa.login({ id }, { request, response, signUp: true });
  }
}

/** In place of routes that a profile refuses. */
@Controller()
class Nothing {}

/** Asks what the test wants to know. */
class AskingAdapter extends PageAdapter {
  readonly asked: { user: MfaUser; signIn: MfaSignInContext }[] = [];
  answer: ((byDefault: boolean) => boolean | Promise<boolean>) | null = null;
  external = false;
  refuses = false;
  mailFails = false;
  keysAreAway = false;

  override async isNewSignIn(user: MfaUser, signIn: MfaSignInContext): Promise<boolean> {
    this.asked.push({ user, signIn });
    const byDefault = await super.isNewSignIn(user, signIn);
    return this.answer ? this.answer(byDefault) : byDefault;
  }

  override sendNotification(notification: MfaNotification, user: MfaUser): void | Promise<void> {
    if (this.mailFails) return Promise.reject(new Error('no mail today'));
    return super.sendNotification(notification, user);
  }

  override encrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    if (this.keysAreAway && context?.purpose === 'key') throw new Error('The key service is away');
    return super.encrypt(text, context);
  }

  override decrypt(text: string, context?: MfaEncryptionContext): string | Promise<string> {
    if (this.keysAreAway && context?.purpose === 'key') throw new Error('The key service is away');
    return super.decrypt(text, context);
  }

  override trustExternalMfa(): boolean {
    return this.external;
  }

  override completeLogin(): Record<string, unknown> {
    if (this.refuses) throw new Error('not today');
    return {};
  }
}

const startApp = ({ mfa = {}, ...options }: TestAppOptions = {}): Promise<TestApp> =>
  startTestApp({
    adapter: AskingAdapter,
    controllers: [OtherWaysIn],
    ...options,
    mfa: {
      pages: true,
      webauthn: RELYING_PARTY,
      passkeyLogin: true,
      passkeySignUp: true,
      trustedDevices: { enabled: true },
      newSignIn: { enabled: true },
      ...mfa,
    },
  });

/** The notices of a sign-in that were sent while this ran, and what else it brought. */
async function noticesOf(test: TestApp, run: () => Promise<unknown>): Promise<MfaNotification[]> {
  const from = test.adapter.notifications.length;
  await run();
  await test.settled();
  return test.adapter.notifications.slice(from).filter(({ type }) => type === 'new_sign_in');
}

const countOf = async (test: TestApp, run: () => Promise<unknown>): Promise<number> =>
  (await noticesOf(test, run)).length;

const login = (client: Client, id: string, headers?: Record<string, string>) =>
  client.post('/login', { id }, headers);

/** Proves the authenticator app, in a time step of its own. */
async function prove(test: TestApp, user: Enrolled, client: Client, extra: object = {}): Promise<void> {
  test.clock.advance(60);
  const { status } = await client.post('/mfa/authenticate', {
    code: codeOf(user.secret, test.clock),
    ...extra,
  });
  expect(status).toBe(200);
}

/** The same browser, signed out. */
function signedOut(client: Client): Client {
  const left = client.clone();
  for (const name of left.cookies.keys()) if (name.endsWith('mfa_session')) left.cookies.delete(name);
  return left;
}

const adapterOf = (test: TestApp): AskingAdapter => test.adapter as AskingAdapter;

describe('a sign-in in a browser that is new', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startApp();
    test.app.get(MfaEvents).on('mfa.sign_in.new_browser', (event) => events.push(event));
  });
  afterAll(() => test.close());
  afterEach(() => {
    Object.assign(adapterOf(test), { answer: null, external: false, refuses: false });
    events.length = 0;
  });

  it('is told to its user once, with the page that shows the session', async () => {
    const id = newUserId();
    const client = test.client({ 'user-agent': FIREFOX });
    const [notice, ...others] = await noticesOf(test, () => login(client, id));
    expect(others).toEqual([]);
    expect(notice).toMatchObject({
      type: 'new_sign_in',
      subject: 'Example: new sign-in',
      url: `${ORIGIN}${PAGES}/sessions`,
      ip: '127.0.0.1',
      userAgent: FIREFOX,
    });
    expect(notice?.text).toContain('Browser: Firefox on Windows');
    expect(notice?.text).toContain(`${ORIGIN}${PAGES}/sessions`);
    expect(await countOf(test, () => login(client, id))).toBe(0);
    expect(await countOf(test, () => login(signedOut(client), id))).toBe(0);
    expect(await countOf(test, () => login(test.client(), id))).toBe(1);
  });

  it('is an event of the session that has just begun', async () => {
    const id = newUserId();
    const { body } = await login(test.client(), id);
    expect(body.status).toBe('authenticated');
    const [session] = (await test.app.get(MfaService).exportUser(id)).sessions;
    expect(events).toMatchObject([
      {
        userId: id,
        actor: { type: 'user', id },
        sessionId: session?.id,
        ip: '127.0.0.1',
        data: { methods: ['pwd'] },
      },
    ]);
  });

  it('is told of every user of a browser, who stay known beside each other', async () => {
    const client = test.client();
    const ids = Array.from({ length: 8 }, newUserId);
    for (const id of ids) expect(await countOf(test, () => login(client, id))).toBe(1);
    for (const id of ids) expect(await countOf(test, () => login(client, id))).toBe(0);
    // The one that was here longest ago makes room for a ninth.
    expect(await countOf(test, () => login(client, newUserId()))).toBe(1);
    expect(client.cookies.get(COOKIE)?.split('.')).toHaveLength(8);
    for (const id of ids.slice(1).reverse()) expect(await countOf(test, () => login(client, id))).toBe(0);
    expect(await countOf(test, () => login(client, ids[0] as string))).toBe(1);
  });

  it('is kept in a cookie that scripts can’t read, and that names nobody', async () => {
    const id = newUserId();
    const client = test.client();
    const { headers } = await login(client, id);
    const [cookie = ''] = headers.getSetCookie().filter((one) => one.startsWith(COOKIE));
    expect(cookie.split('; ').slice(1).sort()).toEqual([
      'HttpOnly',
      `Max-Age=${YEAR}`,
      'Path=/',
      'SameSite=Lax',
    ]);
    const value = client.cookies.get(COOKIE) as string;
    expect(value).toMatch(/^[0-9a-f]{32}[0-9a-z]{1,9}$/);
    expect(Buffer.from(value, 'hex').toString('latin1')).not.toContain(id);
    // Another time gives another tag, so that no two browsers can be told to have the same user.
    test.clock.advance(1);
    await login(test.client(), id);
    const other = test.client();
    await login(other, id);
    expect(other.cookies.get(COOKIE)).not.toBe(value);
  });

  describe('is told when it is complete, and not before:', () => {
    it('with a code of an app, and not again at a step-up', async () => {
      const user = await enroll(test);
      let half = test.client();
      expect(await countOf(test, async () => (half = await halfSignIn(test, user)))).toBe(0);
      expect(half.cookies.has(COOKIE)).toBe(false);
      expect(await countOf(test, () => half.post('/mfa/authenticate', { code: '000000' }))).toBe(0);
      expect(await countOf(test, () => prove(test, user, half))).toBe(1);
      expect(await countOf(test, () => prove(test, user, half))).toBe(0);
      const again = signedOut(half);
      await login(again, user.id);
      expect(await countOf(test, () => prove(test, user, again))).toBe(0);
    });

    it('with a recovery code', async () => {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      const [code] = user.recoveryCodes;
      expect(await countOf(test, () => half.post('/mfa/authenticate', { code }))).toBe(1);
    });

    it('with a key, and with a passkey alone', async () => {
      const { id, key } = await enrollKey(test);
      const half = await halfSignIn(test, { id });
      expect(await countOf(test, () => assertKey(half, key))).toBe(1);
      expect(await countOf(test, () => assertKey(half, key))).toBe(0);
      const browser = test.client();
      expect(await countOf(test, () => signInWithPasskey(browser, key))).toBe(1);
      expect(await countOf(test, () => signInWithPasskey(browser, key))).toBe(0);
      expect(await countOf(test, () => signInWithPasskey(signedOut(browser), key))).toBe(0);
    });

    it('with a browser that is trusted', async () => {
      const user = await enroll(test);
      const browser = await halfSignIn(test, user);
      await prove(test, user, browser, { trustDevice: true });
      const known = signedOut(browser);
      expect(await countOf(test, () => login(known, user.id))).toBe(0);
      const unknown = signedOut(known);
      unknown.cookies.delete(COOKIE);
      expect(await countOf(test, () => login(unknown, user.id))).toBe(1);
    });

    it('with an identity provider that vouches for the second factor', async () => {
      adapterOf(test).external = true;
      const user = newUserId();
      const client = test.client();
      expect(await countOf(test, () => login(client, user))).toBe(1);
      expect(await countOf(test, () => login(client, user))).toBe(0);
      expect(events).toMatchObject([{ data: { methods: ['pwd', 'external'] } }]);
    });

    it('with the pages’ forms', async () => {
      const user = await enroll(test);
      const browser = PageClient.of(await halfSignIn(test, user));
      test.clock.advance(60);
      const code = codeOf(user.secret, test.clock);
      const notices = await noticesOf(test, async () => {
        expect((await browser.submit(`${PAGES}/authenticate`, { code })).status).toBe(303);
      });
      expect(notices).toHaveLength(1);
      expect(browser.cookies.has(COOKIE)).toBe(true);
      // Another sign-in, and the password again: both of somebody who is known here.
      expect(await countOf(test, () => login(browser, user.id))).toBe(0);
    });
  });

  it('is told when it has to end with enrollment, and not once more after that', async () => {
    const other = await startApp({ mfa: { requiredForStaff: true } });
    const id = newUserId();
    const client = other.client();
    const notices = await noticesOf(other, async () => {
      const { body } = await client.post('/login', { id, isStaff: true });
      expect(body.status).toBe('enrollment_required');
    });
    expect(notices).toHaveLength(1);
    adapterOf(other).answer = () => true;
    const { body: setup } = await client.post('/mfa/totp');
    const activation = async () => {
      const code = codeOf(setup.secret, other.clock);
      expect((await client.post('/mfa/totp/activate', { code })).status).toBe(201);
    };
    expect(await countOf(other, activation)).toBe(0);
    await other.close();
  });

  it('is told once when a profile asks for another factor at its end', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startApp({ orm });
    const user = await enroll(before, { isStaff: true });
    await before.app.close();
    const mfa = { profile: 'aal3', trustedDevices: {}, requiredForStaff: true } as const;
    const strict = await startApp({ orm, mfa, protectedRoutes: Nothing });
    strict.clock.advance(300);
    const half = await halfSignIn(strict, user);
    const proof = async () => {
      const { body } = await half.post('/mfa/authenticate', { code: codeOf(user.secret, strict.clock) });
      expect(body.status).toBe('enrollment_required');
    };
    expect(await countOf(strict, proof)).toBe(1);
    await strict.app.close();
    await drop();
  });

  it('is not told where it is no sign-in: the first factor again, enrollment, the session’s end', async () => {
    const id = newUserId();
    const client = test.client();
    await login(client, id);
    adapterOf(test).answer = () => true;
    const rest = async () => {
      await client.post('/reauthenticate', { id });
      const { body: setup } = await client.post('/mfa/totp');
      await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      await client.get('/mfa/session');
      await client.delete('/mfa/session');
    };
    expect(await countOf(test, rest)).toBe(0);
    expect(adapterOf(test).asked.at(-1)?.user.id).toBe(id);
  });

  it('is told where the first factor is asked for again of somebody who was not signed in', async () => {
    const id = newUserId();
    users.set(id, { id });
    expect(await countOf(test, () => test.client().post('/reauthenticate', { id }))).toBe(1);
  });

  it('is not told of the browser in which the account was made', async () => {
    const [id, client] = [newUserId(), test.client()];
    expect(await countOf(test, () => client.post('/register', { id }))).toBe(0);
    expect(await countOf(test, () => login(signedOut(client), id))).toBe(0);
    expect(await countOf(test, () => login(test.client(), id))).toBe(1);

    const browser = test.client();
    const key = new SoftwareAuthenticator();
    const signUp = async () => {
      const name = { name: `${newUserId()}@example.com` };
      const { body: options } = await browser.post('/mfa/sign-up/options', name);
      const answer = await browser.post('/mfa/sign-up', { ...name, credential: key.create(options) });
      expect(answer.status).toBe(201);
    };
    expect(await countOf(test, signUp)).toBe(0);
    expect(await countOf(test, () => signInWithPasskey(signedOut(browser), key))).toBe(0);
    expect(await countOf(test, () => signInWithPasskey(test.client(), key))).toBe(1);
  });

  it('is not told when the application refuses it at the end', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    adapterOf(test).refuses = true;
    test.clock.advance(60);
    const refused = async () => {
      const { status } = await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
      expect(status).toBe(500);
    };
    expect(await countOf(test, refused)).toBe(0);
    expect(await countOf(test, () => login(test.client(), newUserId()))).toBe(0);
    expect(half.cookies.has(COOKIE)).toBe(false);
  });

  it('is new again when the user was not here for too long, or the clock went back', async () => {
    const id = newUserId();
    const client = test.client();
    await login(client, id);
    test.clock.advance(YEAR - 1);
    // Each sign-in counts anew.
    expect(await countOf(test, () => login(client, id))).toBe(0);
    test.clock.advance(YEAR);
    expect(await countOf(test, () => login(client, id))).toBe(0);
    const kept = client.clone();
    test.clock.advance(YEAR + 1);
    expect(await countOf(test, () => login(kept, id))).toBe(1);
    test.clock.advance(-60);
    expect(await countOf(test, () => login(kept, id))).toBe(1);
  });

  describe('though its cookie is', () => {
    let id = '';
    let tag = '';
    beforeAll(async () => {
      id = newUserId();
      const client = test.client();
      await login(client, id);
      tag = client.cookies.get(COOKIE) as string;
    });

    const mac = 'a'.repeat(32);
    it.each<[string, (genuine: string) => string]>([
      ['empty', () => ''],
      ['garbage', () => '%00%ff{"a":1}'],
      ['broken', (genuine) => genuine.slice(1)],
      ['forged', (genuine) => mac + genuine.slice(32)],
      ['of another time', (genuine) => `${genuine.slice(0, 32)}zzzzzzzzz`],
      ['of no time at all', (genuine) => genuine.slice(0, 32)],
      ['full of such', () => Array(8).fill(`${mac}t0`).join('.')],
      ['oversized', (genuine) => [...Array<string>(8).fill(`${mac}t0`), genuine].join('.')],
      ['huge', (genuine) => `${genuine}.`.repeat(150)],
      ['beside something else', (genuine) => `${genuine}.<script>`],
      ['in other letters', (genuine) => genuine.toUpperCase()],
    ])('%s', async (_, change) => {
      const client = test.client();
      client.cookies.set(COOKIE, change(tag));
      const notices = await noticesOf(test, async () => {
        expect((await login(client, id)).body.status).toBe('authenticated');
      });
      expect(notices).toHaveLength(1);
      expect(await countOf(test, () => login(client, id))).toBe(0);
      // The genuine one would have done.
      const genuine = test.client();
      genuine.cookies.set(COOKIE, tag);
      expect(await countOf(test, () => login(genuine, id))).toBe(0);
    });

    it('another user’s', async () => {
      const client = test.client();
      client.cookies.set(COOKIE, tag);
      expect(await countOf(test, () => login(client, newUserId()))).toBe(1);
    });

    it('there twice', async () => {
      const planted = `${mac}t0`;
      const client = test.client({ cookie: `${COOKIE}=${planted}; ${COOKIE}=${tag}` });
      expect(await countOf(test, () => login(client, id))).toBe(1);
    });
  });

  it('skips no factor, whoever is known', async () => {
    const user = await enroll(test);
    const { body } = await login(signedOut(user.client), user.id);
    expect(body.status).toBe('mfa_required');
  });

  describe('is for the application to say, which', () => {
    it('is asked with what this module knows', async () => {
      const id = newUserId();
      const client = test.client();
      const { asked } = adapterOf(test);
      const at = new Date(test.clock.now());
      await login(client, id);
      test.clock.advance(5);
      await login(client, id);
      const [first, second] = asked.slice(-2);
      expect(first).toMatchObject({
        user: { id },
        signIn: { session: { userId: id, status: 'authenticated' }, lastSignInAt: null },
      });
      expect(first?.signIn.request).toHaveProperty('headers');
      expect(second?.signIn.lastSignInAt?.getTime()).toBe(Math.floor(at.getTime() / 1000) * 1000);
    });

    it('says yes, every time', async () => {
      adapterOf(test).answer = () => true;
      const [id, client] = [newUserId(), test.client()];
      expect(await countOf(test, () => login(client, id))).toBe(1);
      expect(await countOf(test, () => login(client, id))).toBe(1);
    });

    it('says no, and the browser is known from then on', async () => {
      adapterOf(test).answer = () => Promise.resolve(false);
      const [id, client] = [newUserId(), test.client()];
      expect(await countOf(test, () => login(client, id))).toBe(0);
      adapterOf(test).answer = null;
      expect(await countOf(test, () => login(client, id))).toBe(0);
    });
  });

  it('is told once for each of two sign-ins that are finished at once', async () => {
    const user = await enroll(test);
    const halves = [await halfSignIn(test, user), await halfSignIn(test, user)];
    const twoCodes = user.recoveryCodes.slice(0, 2);
    events.length = 0;
    const both = () =>
      Promise.all(halves.map((half, one) => half.post('/mfa/authenticate', { code: twoCodes[one] })));
    expect(await countOf(test, both)).toBe(2);
    const sessions = events.map(({ sessionId }) => sessionId);
    expect(new Set(sessions).size).toBe(2);
  });

  it('is told once, of ten forms that finish one sign-in', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const many = () =>
      Promise.all(user.recoveryCodes.map((code) => half.clone().post('/mfa/authenticate', { code })));
    expect(await countOf(test, many)).toBe(1);
  });
});

describe('what fails while a user is told', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it.each<[string, () => boolean | Promise<boolean>]>([
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no idea'))],
    // What a forgotten `return` makes of it.
    ['answers with nothing', () => undefined as unknown as boolean],
  ])('a hook that %s loses no sign-in, and leaves it to the cookie', async (_, answer) => {
    adapterOf(test).answer = answer;
    const [id, client] = [newUserId(), test.client()];
    const from = test.logger.lines.length;
    const notices = await noticesOf(test, async () => {
      expect((await login(client, id)).body.status).toBe('authenticated');
    });
    expect(notices).toHaveLength(1);
    expect(test.logger.lines.slice(from).join('\n')).toMatch(/The adapter's isNewSignIn\(\) failed/);
    expect(await countOf(test, () => login(client, id))).toBe(0);
  });

  it('loses no sign-in when it is the mailer', async () => {
    const from = test.logger.lines.length;
    adapterOf(test).mailFails = true;
    const client = test.client();
    expect((await login(client, newUserId())).body.status).toBe('authenticated');
    adapterOf(test).mailFails = false;
    expect((await client.get('/me')).status).toBe(200);
    expect(test.logger.lines.slice(from).join('\n')).toContain(
      'A notification (new_sign_in) could not be sent: no mail today',
    );
  });
});

describe('a key service that is away when the application starts', () => {
  it('makes every browser new, and keeps nobody from signing in', async () => {
    class Away extends AskingAdapter {
      override keysAreAway = true;
    }
    const test = await startApp({ adapter: Away });
    const [id, client] = [newUserId(), test.client()];
    const signIn = async () => expect((await login(client, id)).body.status).toBe('authenticated');
    expect(await countOf(test, signIn)).toBe(1);
    expect(client.cookies.has(COOKIE)).toBe(false);
    client.cookies.set(COOKIE, `${'a'.repeat(32)}t0`);
    expect(await countOf(test, signIn)).toBe(1);
    const log = test.logger.lines.join('\n');
    expect(log).toContain(`Could not tell whether user ${id} has used a browser before`);
    expect(log).toContain(`Could not record which browser user ${id} signed in with`);
    adapterOf(test).keysAreAway = false;
    expect(await countOf(test, signIn)).toBe(1);
    expect(await countOf(test, signIn)).toBe(0);
    await test.close();
  });
});

describe('a sign-in that is held at each of its steps, while all sessions are ended', () => {
  it.each([
    ['without an audit trail', false],
    ['with one', true],
  ])('is told once when it comes to its end, and never when it was ended before: %s', async (_, enabled) => {
    const holdBack = new HoldBack();
    const test = await startApp({ configure: holdBack.mark, mfa: { audit: { enabled } } });
    holdBack.watch(test.dataSource, test.adapter);
    // The mail is a step too, which no request waits for: the event says whether it is sent.
    let told = 0;
    test.app.get(MfaEvents).on('mfa.sign_in.new_browser', () => (told += 1));
    const outcomes = new Set<number>();
    for (const point of pointsFrom()) {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      const [code] = user.recoveryCodes;
      told = 0;
      const { answer, reached } = await holdBack.run(
        point,
        () => half.post('/mfa/authenticate', { code }, HELD),
        async () => void (await test.app.get(AuthenticationSessionService).revokeAll(user)),
      );
      await turns();
      expect([point, told]).toEqual([point, answer.status === 200 ? 1 : 0]);
      outcomes.add(answer.status);
      if (!reached) break;
    }
    expect([...outcomes].sort()).toEqual([200, 401]);
    await test.close();
  });
});

describe('clients without cookies', () => {
  it.each<[string, Partial<MfaModuleOptions>]>([
    ['that ask for the header', {}],
    ['of an application without', { session: { cookie: false }, pages: false }],
  ])('%s are new each time: or whoever wants no notice would call themselves one', async (_, mfa) => {
    const test = await startApp({ mfa });
    const id = newUserId();
    const signIn = async () => {
      // Each a client of its own, that keeps no cookie.
      const { body } = await login(test.client(), id, { 'x-mfa-session': 'new' });
      expect(body.sessionToken).toHaveLength(43);
    };
    expect(await countOf(test, signIn)).toBe(1);
    expect(await countOf(test, signIn)).toBe(1);
    // One that keeps it all the same, as a page does on the own origin, is known.
    const page = test.client();
    expect(await countOf(test, () => login(page, id, { 'x-mfa-session': 'new' }))).toBe(1);
    expect(await countOf(test, () => login(page, id, { 'x-mfa-session': 'new' }))).toBe(0);
    adapterOf(test).answer = () => false;
    expect(await countOf(test, signIn)).toBe(0);
    await test.close();
  });

  it('of a token that the application keeps itself have the cookie like all others', async () => {
    const tokens = new Map<string, string>();
    const clientOf = (request: object) =>
      String((request as { headers: Record<string, unknown> }).headers['x-client']);
    const transport = {
      read: (request: object) => tokens.get(clientOf(request)) ?? null,
      write: (request: object, _response: unknown, token: string) =>
        void tokens.set(clientOf(request), token),
      clear: (request: object) => void tokens.delete(clientOf(request)),
    };
    const test = await startApp({ mfa: { session: { transport } } });
    const id = newUserId();
    const client = test.client({ 'x-client': 'a' });
    expect(await countOf(test, () => login(client, id))).toBe(1);
    expect(await countOf(test, () => login(client, id))).toBe(0);
    await test.close();
  });
});

describe('somebody whom the application has signed in itself', () => {
  /** As with a JWT of its own: it never calls `login`. */
  class OwnTokens extends AskingAdapter {
    override getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
      const { headers } = request as { headers: Record<string, string | undefined> };
      return users.get(headers['x-user'] ?? '') ?? super.getUser(request);
    }
  }

  it('is not told by a step-up, which is no sign-in', async () => {
    const test = await startApp({ adapter: OwnTokens });
    const user = await enroll(test);
    const client = test.client({ 'x-user': user.id });
    expect(await countOf(test, () => prove(test, user, client))).toBe(0);
    expect((await client.get('/protected')).status).toBe(200);
    await test.close();
  });
});

describe('without the option', () => {
  it('nothing is asked, told, kept in the browser, or read from the database', async () => {
    const off = await startApp({ mfa: { newSignIn: {} } });
    const on = await startApp();
    const statements = async (test: TestApp) => {
      const user = await enroll(test);
      const half = test.client();
      const first = await test.logger.statementsOf(() => login(half, user.id));
      const second = await test.logger.statementsOf(() => prove(test, user, half));
      const third = await test.logger.statementsOf(() => login(test.client(), newUserId()));
      return [first.length, second.length, third.length];
    };
    expect(await countOf(off, () => login(off.client(), newUserId()))).toBe(0);
    const without = await statements(off);
    expect(adapterOf(off).asked).toEqual([]);
    const { headers } = await login(off.client(), newUserId());
    expect(headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['mfa_session']);
    // With it neither, unless a trail is kept.
    expect(await statements(on)).toEqual(without);
    await off.close();
    await on.close();
  });
});

describe('the audit trail', () => {
  it('has each such sign-in', async () => {
    const test = await startApp({ mfa: { audit: { enabled: true } } });
    const [id, client] = [newUserId(), test.client()];
    await login(client, id);
    await login(client, id);
    const { entries } = await test.app
      .get(MfaAuditService)
      .find({ userId: id, types: ['mfa.sign_in.new_browser'] });
    expect(entries).toMatchObject([{ userId: id, data: { methods: ['pwd'] } }]);
    await test.close();
  });

  // Where a trigger makes one statement fail.
  (ENGINE === 'sqlite' ? it : it.skip)(
    'that can’t be written loses no sign-in: the log says so, and the next one is told',
    async () => {
      const test = await startApp({ mfa: { audit: { enabled: true } } });
      const [id, client] = [newUserId(), test.client()];
      await test.dataSource.query(
        `CREATE TRIGGER broken BEFORE INSERT ON mfa_audit_entry WHEN NEW.type = 'mfa.sign_in.new_browser' BEGIN SELECT RAISE(ABORT, 'broken'); END`,
      );
      const notices = await noticesOf(test, async () => {
        expect((await login(client, id)).body.status).toBe('authenticated');
      });
      expect(notices).toEqual([]);
      expect(client.cookies.has(COOKIE)).toBe(false);
      expect(test.logger.lines.join('\n')).toContain(
        `Could not record which browser user ${id} signed in with`,
      );
      await test.dataSource.query('DROP TRIGGER broken');
      expect(await countOf(test, () => login(client, id))).toBe(1);
      await test.close();
    },
  );
});

describe('replacing the secret', () => {
  it('leaves browsers known while the old one is in the list', async () => {
    const NEW = 'the new secret of the tests, of 32 bytes or more';
    const { orm, drop } = await sharedDatabase();
    const before = await startApp({ orm, mfa: { secret: SECRET } });
    const [id, client] = [newUserId(), before.client()];
    await login(client, id);
    await before.app.close();

    const during = await startApp({ orm, mfa: { secret: [NEW, SECRET] } });
    const there = during.client();
    for (const [name, value] of client.cookies) there.cookies.set(name, value);
    expect(await countOf(during, () => login(there, id))).toBe(0);
    await during.app.close();
    await drop();
  });

  it('makes them new under another one', async () => {
    const one = await startApp();
    const [id, client] = [newUserId(), one.client()];
    await login(client, id);
    await one.close();
    const other = await startApp({ mfa: { secret: 'another secret of the tests, of 32 bytes or so' } });
    const there = other.client();
    there.cookies.set(COOKIE, client.cookies.get(COOKIE) as string);
    expect(await countOf(other, () => login(there, id))).toBe(1);
    await other.close();
  });
});

describe('a user who is forgotten', () => {
  it('leaves nothing that would matter in the browser', async () => {
    const test = await startApp();
    const [id, client] = [newUserId(), test.client()];
    await login(client, id);
    await test.app.get(MfaService).forgetUser(id);
    expect((await test.app.get(MfaService).exportUser(id)).sessions).toEqual([]);
    expect(await countOf(test, () => login(client, newUserId()))).toBe(1);
    await test.close();
  });
});

describe.each(Object.entries(PLATFORMS))('on %s', (_, create) => {
  it('a sign-in is told once, and the cookie stands beside that of the session', async () => {
    const test = await startApp({ create: create(), mfa: { session: { cookie: { secure: true } } } });
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const notices = await noticesOf(test, () => prove(test, user, half, { trustDevice: true }));
    expect(notices).toHaveLength(1);
    const names = [...half.cookies.keys()].sort();
    expect(names).toEqual(['__Host-mfa_known', '__Host-mfa_session', '__Host-mfa_trusted']);
    expect(await countOf(test, () => login(signedOut(half), user.id))).toBe(0);
    await test.close();
  });
});
