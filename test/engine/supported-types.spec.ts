import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import type { MfaMessage, MfaModuleOptions } from 'nestjs-mfa';
import { MfaService, RequireMfa, emailCode } from 'nestjs-mfa';

import { PAGES, PageAdapter, startPageApp } from '../pages/support.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, signInWithPasskey } from '../support/ceremonies.js';
import type { Answer } from '../support/client.js';
import { Client } from '../support/client.js';
import type { TestClock } from '../support/clock.js';
import { sharedDatabase } from '../support/databases.js';
import { attributesOf, codesOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestDatabase } from '../support/servers.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, halfSignIn, newUserId } from '../support/test-app.js';

const TYPES = ['totp', 'webauthn', 'email_code', 'recovery_codes'] as const;
type Type = (typeof TYPES)[number];

const outbox: MfaMessage[] = [];
const sentCode = () => outbox.at(-1)?.code as string;

class SendingAdapter extends PageAdapter {
  override sendMessage(message: MfaMessage): void {
    outbox.push(message);
  }
}

@Controller('only')
class OnlyController {
  @Get('totp')
  @RequireMfa({ methods: ['totp'] })
  totp(): string {
    return 'totp';
  }

  @Get('webauthn')
  @RequireMfa({ methods: ['webauthn'] })
  webauthn(): string {
    return 'webauthn';
  }

  @Get('email_code')
  @RequireMfa({ methods: ['email_code'] })
  emailCode(): string {
    return 'email_code';
  }

  @Get('recovery_codes')
  @RequireMfa({ methods: ['recovery_codes'] })
  recoveryCodes(): string {
    return 'recovery_codes';
  }
}

/** What a user has enrolled, by its type. */
interface Owner {
  id: string;
  ids: Partial<Record<Type, string>>;
  secret: string;
  key: SoftwareAuthenticator;
  recoveryCodes: string[];
}

/** How a type is enrolled: its page, and its routes with what they answer where nobody can. */
const ENROLMENT: Record<Type, { page: string; routes: [path: string, body?: object][]; refusal: unknown[] }> =
  {
    totp: {
      page: 'totp/add',
      routes: [['/mfa/totp'], ['/mfa/totp/activate', { code: '000000' }]],
      refusal: [404, 'not_found'],
    },
    webauthn: {
      page: 'webauthn/add',
      routes: [
        ['/mfa/webauthn/options'],
        ['/mfa/webauthn/options', { passwordless: true, role: 'passwordless' }],
      ],
      refusal: [404, 'not_found'],
    },
    email_code: {
      page: 'factors/email_code/add',
      routes: [['/mfa/factors/email_code'], ['/mfa/factors/email_code/activate', { code: '000000' }]],
      refusal: [404, 'not_found'],
    },
    recovery_codes: {
      page: 'recovery-codes/generate',
      routes: [['/mfa/recovery-codes']],
      refusal: [409, 'cannot_generate_recovery_codes'],
    },
  };

describe('a type of factor that is no longer offered', () => {
  let database: TestDatabase;
  /** Offers everything. */
  let first: TestApp;

  const start = (supportedTypes?: MfaModuleOptions['supportedTypes']) =>
    startPageApp({
      orm: database.orm,
      adapter: SendingAdapter,
      controllers: [OnlyController],
      mfa: {
        webauthn: RELYING_PARTY,
        factors: [emailCode()],
        passkeyLogin: true,
        changesNeed: 'any',
        ...(supportedTypes ? { supportedTypes } : {}),
      },
    });

  beforeAll(async () => {
    database = await sharedDatabase();
    first = await start();
  });
  afterAll(async () => {
    await first.close();
    await database.drop();
  });

  const addApp = async (client: Client, owner: Owner, clock: TestClock) => {
    const { body: setup } = await client.post('/mfa/totp');
    owner.secret = setup.secret as string;
    return client.post('/mfa/totp/activate', { code: codeOf(owner.secret, clock) });
  };
  const addKey = async (client: Client, owner: Owner) => {
    const { body: options } = await client.post('/mfa/webauthn/options');
    return client.post('/mfa/webauthn', { credential: owner.key.create(options) });
  };
  const addEmail = async (client: Client) => {
    await client.post('/mfa/factors/email_code');
    return client.post('/mfa/factors/email_code/activate', { code: sentCode() });
  };
  const ADD = { totp: addApp, webauthn: addKey, email_code: addEmail };
  const SECOND_FACTORS = Object.keys(ADD) as (keyof typeof ADD)[];

  /** Somebody who has set up these types, and got recovery codes along with the first, where everything is offered. */
  async function enrolled(types = SECOND_FACTORS): Promise<{ owner: Owner; client: Client }> {
    const owner: Owner = {
      id: newUserId(),
      ids: {},
      secret: '',
      key: new SoftwareAuthenticator(),
      recoveryCodes: [],
    };
    const client = first.client();
    await client.post('/login', { id: owner.id });
    for (const type of types) {
      const { status, body } = await ADD[type](client, owner, first.clock);
      expect([type, status]).toEqual([type, 201]);
      owner.recoveryCodes = (body.recoveryCodes as string[] | undefined) ?? owner.recoveryCodes;
    }
    for (const { id, type } of (await client.get('/mfa/authenticators')).body) owner.ids[type as Type] = id;
    expect(Object.keys(owner.ids).sort()).toEqual([...types, 'recovery_codes'].sort());
    return { owner, client };
  }

  describe.each(TYPES)('(%s)', (type) => {
    /** Offers everything else. */
    let test: TestApp;
    const [other] = SECOND_FACTORS.filter((one) => one !== type) as [keyof typeof ADD];
    const { page, routes, refusal } = ENROLMENT[type];

    beforeAll(async () => {
      test = await start(TYPES.filter((one) => one !== type));
      test.clock.advance((first.clock.now() - test.clock.now()) / 1000);
    });
    afterAll(() => test.close());

    /** Proves a factor of this type, with a code that wasn't used before. */
    async function prove(client: Client, owner: Owner, by: Type = type): Promise<Answer> {
      test.clock.advance(60);
      if (by === 'webauthn') return assertKey(client, owner.key);
      return client.post('/mfa/authenticate', { code: await codeFor(owner, by, client) });
    }

    async function codeFor(owner: Owner, by: Type, client: Client): Promise<string> {
      if (by === 'totp') return codeOf(owner.secret, test.clock);
      if (by === 'recovery_codes') return owner.recoveryCodes.shift() as string;
      expect((await client.post('/mfa/authenticate/email_code/challenge')).status).toBe(200);
      return sentCode();
    }

    async function signedIn(owner: Owner, by: Type = type): Promise<Client> {
      const client = await halfSignIn(test, owner);
      const { status, body } = await prove(client, owner, by);
      expect([by, status, body.status]).toEqual([by, 200, 'authenticated']);
      return client;
    }

    /** A session of the first application, in the second one. */
    function moved(client: Client): Client {
      const there = new Client(test.url);
      for (const [name, value] of client.cookies) there.cookies.set(name, value);
      return there;
    }

    it('still signs in who has it', async () => {
      const { owner } = await enrolled();
      const half = await halfSignIn(test, owner);
      expect((await half.get('/mfa/session')).body).toMatchObject({
        status: 'mfa_required',
        methods: expect.arrayContaining([type]),
      });
      expect((await half.get('/me')).status).toBe(401);
      const { status, body } = await prove(half, owner);
      const method = type === 'recovery_codes' ? 'recovery_code' : type;
      expect([status, body.proven.at(-1).method]).toEqual([200, method]);
      expect((await half.get('/me')).body.id).toBe(owner.id);
    });

    it('still signs in on the pages', async () => {
      const { owner } = await enrolled();
      const browser = PageClient.of(await halfSignIn(test, owner));
      const path = `${PAGES}/authenticate`;
      test.clock.advance(60);
      const answer = await browser.submit(path, await fieldsFor(owner, browser, path));
      expect([answer.status, PageClient.location(answer)]).toEqual([303, PAGES]);
      expect((await browser.get(PAGES)).status).toBe(200);
    });

    async function fieldsFor(
      owner: Owner,
      browser: PageClient,
      path: string,
    ): Promise<Record<string, string>> {
      if (type === 'webauthn') {
        const { body: options } = await browser.post('/mfa/authenticate/webauthn/options');
        return { credential: JSON.stringify(owner.key.get(options)) };
      }
      if (type !== 'email_code') return { code: await codeFor(owner, type, browser) };
      expect((await browser.submit(path, { send: type })).status).toBe(303);
      return { code: sentCode() };
    }

    it('still steps up, and the guard takes it', async () => {
      const { owner } = await enrolled();
      const client = await signedIn(owner, other);
      test.clock.advance(301);
      const refused = await client.get(`/only/${type}`);
      expect([refused.status, refused.body.code]).toEqual([401, 'mfa_required']);
      expect(refused.body.methods).toContain(type);
      expect((await prove(client, owner)).status).toBe(200);
      for (const path of [`/only/${type}`, '/protected']) {
        expect([path, (await client.get(path)).status]).toEqual([path, 200]);
      }
    });

    it('is still listed, and shown on the pages', async () => {
      const { owner } = await enrolled();
      const client = await signedIn(owner, other);
      const { body: listed } = await client.get(`/mfa/authenticators?type=${type}`);
      expect(listed).toMatchObject([{ id: owner.ids[type], type }]);
      expect((await client.get('/mfa/status')).body).toMatchObject({
        methods: expect.arrayContaining([type]),
        recoveryCodes: { total: 10, remaining: 10 },
      });
      const browser = PageClient.of(client);
      const index = await browser.get(PAGES);
      const removals = attributesOf(index.text, 'href', 'a.mfa-danger').join(' ');
      expect(SECOND_FACTORS.filter((one) => removals.includes(owner.ids[one] as string))).toEqual(
        SECOND_FACTORS,
      );
      expect(textOf((await browser.get(`${PAGES}/recovery-codes`)).text)).toContain('10 of 10');
    });

    it('is removed by its owner, and then signs in no more', async () => {
      const { owner } = await enrolled();
      const client = await signedIn(owner);
      expect((await client.patch(`/mfa/authenticators/${owner.ids[type]}`, { name: 'Old' })).status).toBe(
        200,
      );
      expect((await client.delete(`/mfa/authenticators/${owner.ids[type]}`)).status).toBe(204);
      expect((await client.get(`/mfa/authenticators?type=${type}`)).body).toEqual([]);
      const half = await halfSignIn(test, owner);
      expect((await half.get('/mfa/session')).body.methods).not.toContain(type);
    });

    it('can’t be enrolled by anybody', async () => {
      const { owner } = await enrolled([other]);
      const client = await signedIn(owner, other);
      for (const [path, body] of routes) {
        const answer = await client.post(path, body);
        expect([path, answer.status, answer.body.code]).toEqual([path, ...refusal]);
      }
      const { body: listed } = await client.get('/mfa/authenticators');
      expect(listed.map((one: { id: string }) => one.id).sort()).toEqual(Object.values(owner.ids).sort());
    });

    it('is not named among what can be enrolled', async () => {
      const client = test.client();
      await client.post('/login', { id: newUserId() });
      const offered = SECOND_FACTORS.filter((one) => one !== type);
      for (const [method, path, methods] of [
        ['GET', '/protected', offered],
        ['GET', `/only/${type}`, []],
        ['GET', `/only/${other}`, [other]],
        ['POST', '/mfa/authenticate', offered],
      ] as const) {
        const sent = method === 'POST' ? { code: '000000' } : undefined;
        const { status, body } = await client.send(method, path, sent);
        expect([path, status, body.code]).toEqual([path, 403, 'mfa_enrollment_required']);
        expect([path, ...body.methods.sort()]).toEqual([path, ...[...methods].sort()]);
      }
    });

    it('is not offered on the pages', async () => {
      const { owner } = await enrolled([other]);
      const browser = PageClient.of(await signedIn(owner, other));
      const newcomer = PageClient.of(test.client());
      await newcomer.post('/login', { id: newUserId() });
      const [offered] = SECOND_FACTORS.filter((one) => one !== type && one !== other);
      for (const client of [browser, newcomer]) {
        for (const path of ['', '/enrol', '/recovery-codes']) {
          expect((await client.get(PAGES + path)).text).not.toContain(`${PAGES}/${page}`);
        }
        // What is offered is there.
        expect((await client.get(PAGES)).text).toContain(`${PAGES}/${ENROLMENT[offered as Type].page}`);
      }
      const [status] = refusal;
      expect((await browser.get(`${PAGES}/${page}`)).status).toBe(status);
      const elsewhere = await browser.get(`${PAGES}/sessions`);
      const credential = JSON.stringify(owner.key.create({ challenge: 'AAAA' }));
      const fields = { begin: '1', code: '000000', credential };
      const sent = outbox.length;
      const posted = await browser.submit(`${PAGES}/${page}`, fields, elsewhere);
      expect([posted.status, codesOf(posted.text), outbox.length]).toEqual([status, [], sent]);
    });

    if (type === 'recovery_codes') {
      it('does not come along with the first second factor', async () => {
        const client = test.client();
        await client.post('/login', { id: newUserId() });
        const { body: setup } = await client.post('/mfa/totp');
        const code = codeOf(setup.secret as string, test.clock);
        const { status, body } = await client.post('/mfa/totp/activate', { code });
        expect([status, body.recoveryCodes]).toEqual([201, undefined]);
        expect((await client.get('/mfa/authenticators')).body).toHaveLength(1);
      });
      return;
    }

    it('is no longer set up by whoever had begun where it was', async () => {
      first.clock.advance((test.clock.now() - first.clock.now()) / 1000);
      const { owner, client: begun } = await enrolled([other]);
      const client = moved(begun);
      const activate = {
        totp: async () => {
          const { body: setup } = await begun.post('/mfa/totp');
          return client.post('/mfa/totp/activate', { code: codeOf(setup.secret as string, test.clock) });
        },
        webauthn: async () => {
          const { body: options } = await begun.post('/mfa/webauthn/options');
          return client.post('/mfa/webauthn', { credential: owner.key.create(options) });
        },
        email_code: async () => {
          await begun.post('/mfa/factors/email_code');
          return client.post('/mfa/factors/email_code/activate', { code: sentCode() });
        },
      };
      const { status, body } = await activate[type]();
      expect([status, body.code]).toEqual([404, 'not_found']);
      expect((await client.get(`/mfa/authenticators?type=${type}`)).body).toEqual([]);
    });

    it('is still asked of who has nothing else', async () => {
      const { owner } = await enrolled([type]);
      await expect(test.app.get(MfaService).isMfaEnabled({ id: owner.id }, [type])).resolves.toBe(true);
      const half = await halfSignIn(test, owner);
      expect((await half.get('/mfa/session')).body.methods.sort()).toEqual(['recovery_codes', type].sort());
      expect((await half.get('/protected')).status).toBe(401);
      expect((await prove(half, owner)).status).toBe(200);
      expect((await half.get('/protected')).status).toBe(200);
      // Another one takes its place.
      const { status } = await ADD[other](half, owner, test.clock);
      expect(status).toBe(201);
      expect((await half.delete(`/mfa/authenticators/${owner.ids[type]}`)).status).toBe(204);
      const next = await halfSignIn(test, owner);
      expect((await next.get('/mfa/session')).body.methods.sort()).toEqual(['recovery_codes', other].sort());
    });

    it('is removed on the pages', async () => {
      const { owner } = await enrolled();
      const browser = PageClient.of(await signedIn(owner));
      const links = attributesOf((await browser.get(PAGES)).text, 'href', 'a.mfa-danger');
      const address = links.find((href) => href.includes(owner.ids[type] as string)) as string;
      expect((await browser.submit(address)).status).toBe(303);
      expect((await browser.get(`/mfa/authenticators?type=${type}`)).body).toEqual([]);
    });
  });

  it('(webauthn) still signs in with the passkey alone', async () => {
    const { owner } = await enrolled(['webauthn']);
    const test = await start(['totp', 'recovery_codes', 'email_code']);
    test.clock.advance((first.clock.now() - test.clock.now()) / 1000);
    const client = test.client();
    const { status, body } = await signInWithPasskey(client, owner.key);
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect((await client.get('/me')).body.id).toBe(owner.id);
    expect((await client.get('/only/webauthn')).status).toBe(200);
    const { body: signals } = await client.get('/mfa/webauthn/signals');
    expect(signals.allAcceptedCredentials.allAcceptedCredentialIds).toHaveLength(1);
    await test.close();
  });

  it('(webauthn) is not named where the relying party is gone too', async () => {
    const { owner } = await enrolled(['webauthn', 'totp']);
    const test = await startPageApp({
      orm: database.orm,
      mfa: { webauthn: undefined, supportedTypes: ['totp', 'recovery_codes'] },
    });
    test.clock.advance((first.clock.now() - test.clock.now()) / 1000 + 60);
    const browser = PageClient.of(await halfSignIn(test, owner));
    expect((await browser.get('/mfa/session')).body.methods).toEqual(['totp', 'recovery_codes']);
    expect((await browser.get(`${PAGES}/authenticate`)).text).not.toContain('Security key');
    const { status } = await browser.post('/mfa/authenticate', { code: codeOf(owner.secret, test.clock) });
    expect(status).toBe(200);
    expect((await browser.get('/mfa/status')).body.methods).not.toContain('webauthn');
    // The key is still theirs, and a recovery code removes it as if it were lost.
    const path = `/mfa/authenticators/${owner.ids.webauthn}`;
    expect(await browser.delete(path)).toMatchObject({ status: 401, body: { methods: ['recovery_codes'] } });
    await browser.post('/mfa/authenticate', { code: owner.recoveryCodes[0] });
    expect((await browser.delete(path)).status).toBe(204);
    await test.close();
  });
});
