import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { Controller, Get, Res, VersioningType } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { MfaUser } from 'nestjs-mfa';
import { MfaException, RequireMfa } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer } from '../support/client.js';
import { attributeOf, codesOf, hiddenFields, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const PAGES = '/account/security';
const GENERATE = `${PAGES}/recovery-codes/generate`;
const FORM = 'application/x-www-form-urlencoded';

/** What fails in the application while a page is made. */
let failing = '';
function failIf(name: string): void {
  if (failing === name) throw new Error(`${name} fails`);
}

class AttackedAdapter extends TestAdapter {
  override checkPassword(_user: MfaUser, password: string): boolean {
    if (password === 'fail') throw new Error('no answer');
    // An application without types may say anything.
    return (password === 'truthy' ? 'yes' : password === 'right') as boolean;
  }
  override getLocale(...given: Parameters<TestAdapter['getLocale']>): ReturnType<TestAdapter['getLocale']> {
    failIf('getLocale');
    return super.getLocale(...given);
  }
  override getTotpIssuer(): ReturnType<TestAdapter['getTotpIssuer']> {
    failIf('getTotpIssuer');
    return super.getTotpIssuer();
  }
  override getErrorMessage(
    ...given: Parameters<TestAdapter['getErrorMessage']>
  ): ReturnType<TestAdapter['getErrorMessage']> {
    failIf('getErrorMessage');
    return super.getErrorMessage(...given);
  }
}

interface RawResponse {
  raw?: RawResponse;
  write(text: string): void;
  end(): void;
}

/** A handler that thinks better of it when it has answered half. */
@Controller('begun')
class BegunController {
  @Get()
  get(@Res() response: RawResponse): void {
    const raw = response.raw ?? response;
    raw.write('begun');
    setTimeout(() => raw.end(), 20);
    throw new MfaException('mfa_required');
  }
}

@Controller('narrow')
class NarrowController {
  @Get()
  @RequireMfa({ methods: ['totp', 'webauthn'] })
  get(): string {
    return 'narrow';
  }
}

const tokenOf = ({ text }: Answer) => hiddenFields(text)['_csrf'] ?? '';
const told = (answer: Answer) => [answer.status, PageClient.location(answer)];

async function signedIn(test: TestApp, id = newUserId()): Promise<PageClient> {
  const client = test.client();
  await client.post('/login', { id });
  return PageClient.of(client);
}

const PLATFORMS: Record<string, TestAppOptions['create']> = {
  Express: undefined,
  Fastify: (module, logger) =>
    module.createNestApplication<INestApplication>(new FastifyAdapter(), {
      forceCloseConnections: true,
      logger,
    }),
};

describe.each(Object.entries(PLATFORMS))('on %s', (_, create) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      ...(create ? { create } : {}),
      adapter: AttackedAdapter,
      controllers: [BegunController],
      mfa: {
        pages: {
          // Not ASCII, which no header can hold.
          loginUrl: '/войти',
          layout: ({ children }) => {
            failIf('layout');
            return children as never;
          },
        },
        passkeyLogin: true,
        webauthn: RELYING_PARTY,
      },
    });
  });
  afterAll(() => test.close());

  it('spends no attempt while the application can’t tell whether the password is right', async () => {
    const client = await signedIn(test);
    const path = `${PAGES}/reauthenticate`;
    const form = await client.get(path);
    for (let i = 0; i < 8; i++) {
      const { status } = await client.submit(path, { _csrf: tokenOf(form), password: 'fail' });
      expect(status).toBe(500);
    }
    const right = await client.submit(path, { _csrf: tokenOf(form), password: 'right' });
    expect(right.status).toBe(303);
  });

  it('sends a browser nowhere once its answer has begun', async () => {
    const answer = await fetch(`${test.url}/begun`, { headers: { accept: 'text/html' } })
      .then((response) => response.text())
      .catch(() => 'cut off');
    expect(['begun', 'cut off']).toContain(answer);
    expect((await test.client().get('/public')).status).toBe(200);
    expect(test.logger.lines.join('\n')).not.toContain('ERR_HTTP_HEADERS_SENT');
  });

  it('refuses forms without the token of this session, and whatever is no form', async () => {
    const victim = PageClient.of((await enroll(test)).client);
    const token = tokenOf(await victim.get(GENERATE));
    const stranger = PageClient.of((await enroll(test)).client);
    const visitor = new PageClient(test.url);
    const attempts: [string, string, Record<string, string>?][] = [
      [FORM, ''],
      [FORM, '_csrf='],
      [FORM, `_csrf=${token}&_csrf=${token}`],
      [FORM, `_csrf=${tokenOf(await stranger.get(GENERATE))}`],
      [FORM, `_csrf=${tokenOf(await visitor.get(`${PAGES}/passkey`))}`],
      [FORM, `_csrf=${token}`, { 'sec-fetch-site': 'cross-site' }],
      [FORM, `_csrf=${token}`, { 'sec-fetch-site': 'same-site' }],
      [FORM, `_csrf=${token}`, { origin: 'null' }],
      [FORM, `_csrf=${token}`, { origin: 'http://evil.example' }],
      [FORM, `_csrf=${'x'.repeat(2_000_000)}`],
      ['text/plain', `_csrf=${token}`],
      ['multipart/form-data; boundary=x', `--x\r\n\r\n${token}\r\n--x--`],
      ['application/json', 'null'],
      ['application/json', '[]'],
      ['application/json', '{"__proto__":{"_csrf":"x"}}'],
    ];
    for (const [type, body, headers] of attempts) {
      const { status } = await victim.send('POST', GENERATE, body, { 'content-type': type, ...headers });
      expect([type, body.slice(0, 60), headers, status >= 400]).toEqual([
        type,
        body.slice(0, 60),
        headers,
        true,
      ]);
    }
    expect((await victim.form(GENERATE, { _csrf: token })).status).toBe(303);
  });

  it.each(['layout', 'getLocale', 'getTotpIssuer', 'getErrorMessage'])(
    'answers when %s fails, says nothing of it, and goes on',
    async (what) => {
      const browser = await signedIn(test);
      failing = what;
      // A form that is refused, so that each of them is asked.
      const answer = await browser.form(GENERATE, {});
      failing = '';
      expect([answer.status, answer.text]).toEqual([500, 'Internal Server Error']);
      expect(test.logger.lines.join()).toContain(`${what} fails`);
      expect((await browser.get(PAGES)).status).toBe(200);
    },
  );

  it('sends visitors to a sign-in page whose path is not ASCII', async () => {
    const path = `${encodeURI('/войти')}?next=`;
    const visitor = new PageClient(test.url, { accept: 'text/html' });
    expect(told(await visitor.get(PAGES))).toEqual([303, `${path}%2Faccount%2Fsecurity`]);
    expect(told(await visitor.get('/protected'))).toEqual([303, `${path}%2Fprotected`]);
  });
});

describe('the pages', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: AttackedAdapter,
      controllers: [NarrowController],
      mfa: {
        pages: { loginUrl: '/sign-in' },
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        webauthn: RELYING_PARTY,
      },
    });
  });
  afterAll(() => test.close());

  it('take nobody for signed in who is half so', async () => {
    const half = PageClient.of(await halfSignIn(test, await enroll(test)));
    const paths = ['', '/reauthenticate', '/enrol', '/totp/add', '/totp/remove', '/webauthn/add'];
    paths.push('/webauthn/x/edit', '/webauthn/x/remove', '/recovery-codes', '/recovery-codes/generate');
    paths.push('/trusted-devices', '/sessions');
    const csrf = tokenOf(await half.get(`${PAGES}/authenticate`));
    for (const path of paths) {
      const location = PageClient.location(await half.get(PAGES + path));
      expect([path, new URL(location, test.url).pathname]).toEqual([path, `${PAGES}/authenticate`]);
      const { status } = await half.form(PAGES + path, { _csrf: csrf, password: 'right', code: '000000' });
      expect([path, [303, 404].includes(status)]).toEqual([path, true]);
    }
    expect((await half.get('/me')).status).toBe(303);
  });

  it('know no authenticator but those of the user and of the page’s type', async () => {
    const other = await enroll(test);
    const own = await enroll(test);
    const browser = PageClient.of(own.client);
    for (const id of [own.authenticatorId, other.authenticatorId]) {
      for (const action of ['edit', 'remove']) {
        const path = `${PAGES}/webauthn/${id}/${action}`;
        expect((await browser.get(path)).status).toBe(404);
        const csrf = { _csrf: tokenOf(await browser.get(GENERATE)) };
        expect((await browser.form(path, { ...csrf, name: 'mine' })).status).toBe(404);
      }
    }
    const fields = { _csrf: tokenOf(await browser.get(GENERATE)), id: other.authenticatorId };
    expect((await browser.form(`${PAGES}/totp/remove`, fields)).status).toBe(404);
    expect((await browser.form(`${PAGES}/trusted-devices`, fields)).status).toBe(404);
    const [theirs] = (await other.client.get('/mfa/sessions')).body;
    expect((await browser.form(`${PAGES}/sessions`, { ...fields, id: theirs.id })).status).toBe(404);
    expect((await other.client.get('/me')).status).toBe(200);
  });

  it('show no secret of a set-up that another session began', async () => {
    const id = newUserId();
    const thief = await signedIn(test, id);
    const victim = await signedIn(test, id);
    const known = [secretOf((await thief.get(`${PAGES}/totp/add`)).text)];
    const first = await victim.get(`${PAGES}/totp/add`);
    expect(known).not.toContain(secretOf(first.text));
    expect(secretOf((await victim.get(`${PAGES}/totp/add`)).text)).toBe(secretOf(first.text));

    // The thief begins again while the victim types, and lends the cookie that says so.
    known.push(secretOf((await thief.get(`${PAGES}/totp/add`)).text));
    victim.cookies.set('mfa_totp_setup', thief.cookies.get('mfa_totp_setup') as string);
    const code = codeOf(secretOf(first.text), test.clock);
    const refused = await victim.submit(`${PAGES}/totp/add`, { code }, first);
    expect(refused.status).toBe(409);
    expect(known).not.toContain(secretOf(refused.text));
    const right = { code: codeOf(secretOf(refused.text), test.clock) };
    expect((await victim.submit(`${PAGES}/totp/add`, right, refused)).status).toBe(303);
  });

  it('show new recovery codes to their session only, once, and not for long', async () => {
    const user = await enroll(test);
    const browser = PageClient.of(user.client);
    const make = async () => {
      await browser.submit(GENERATE);
      return browser.cookies.get('mfa_new_codes') as string;
    };
    const cookie = await make();
    const stranger = PageClient.of((await enroll(test)).client);
    stranger.cookies.set('mfa_new_codes', cookie);
    expect(codesOf((await stranger.get(GENERATE)).text)).toEqual([]);
    const changed = PageClient.of(browser.clone());
    changed.cookies.set(
      'mfa_new_codes',
      cookie.replace(/[^.](?=[^.]{21}$)/, (one) => (one === 'A' ? 'B' : 'A')),
    );
    expect(codesOf((await changed.get(GENERATE)).text)).toEqual([]);

    const shown = await browser.get(GENERATE);
    expect(codesOf(shown.text)).toHaveLength(10);
    expect(shown.headers.get('cache-control')).toBe('no-store');
    expect(codesOf((await browser.get(GENERATE)).text)).toEqual([]);

    browser.cookies.set('mfa_new_codes', await make());
    const late = PageClient.of(browser.clone());
    test.clock.advance(301);
    const code = codeOf(user.secret, test.clock);
    expect((await late.submit(`${PAGES}/authenticate`, { code })).status).toBe(303);
    expect(codesOf((await late.get(GENERATE)).text)).toEqual([]);
    expect(test.logger.lines.join()).not.toContain(codesOf(shown.text)[0]);
  });

  it.each([
    ['a code', 'authenticate'],
    ['a set-up', 'totp/add'],
  ])('take %s once, of many forms at the same time', async (_, page) => {
    const user = page === 'authenticate' ? await enroll(test) : null;
    const browser = user ? PageClient.of(user.client) : await signedIn(test);
    const form = await browser.get(`${PAGES}/${page}`);
    const code = codeOf(user?.secret ?? secretOf(form.text), test.clock);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        PageClient.of(browser.clone()).submit(`${PAGES}/${page}`, { code }, form),
      ),
    );
    // The others are refused, or led to sign in when their session's token was dead already.
    const won = answers.filter(({ status, headers }) => {
      return status === 303 && !headers.get('location')?.startsWith('/sign-in');
    });
    expect(won).toHaveLength(1);
  });

  it('verify a password within the budget that codes have too, and take only true for an answer', async () => {
    const browser = await signedIn(test);
    const attempt = async (password: string) =>
      (await browser.submit(`${PAGES}/reauthenticate`, { password })).status;
    expect(await attempt('right')).toBe(303);
    expect(await attempt('truthy')).toBe(422);
    expect(await attempt('fail')).toBe(500);
    const form = await browser.get(`${PAGES}/totp/add`);
    for (const code of ['000000', '000001', '000002', '000003'])
      await browser.submit(`${PAGES}/totp/add`, { code }, form);
    expect(await attempt('right')).toBe(429);
  });

  it('come back to what was wanted, not to a page on the way to it', async () => {
    const half = PageClient.of(await halfSignIn(test, await enroll(test)));
    const path = `${PAGES}/authenticate?next=${encodeURIComponent(`${PAGES}/reauthenticate?next=/protected`)}`;
    const form = await half.get(path);
    test.clock.advance(901);
    const wanted = [303, '/sign-in?next=%2Fprotected'];
    expect(told(await half.get(path))).toEqual(wanted);
    const fields = { _csrf: tokenOf(form), code: '000000' };
    expect(told(await half.form(path, fields, { referer: test.url + path }))).toEqual(wanted);
    const evil = `${PAGES}/authenticate?next=https://evil.example`;
    expect(told(await half.get(evil))).toEqual([303, '/sign-in']);
  });

  it('offer no recovery code where it would not do', async () => {
    const { client } = await enroll(test);
    const { body: options } = await client.post('/mfa/webauthn/options');
    const credential = new SoftwareAuthenticator().create(options as never);
    expect((await client.post('/mfa/webauthn', { credential })).status).toBe(201);
    test.clock.advance(301);
    const browser = PageClient.of(client);
    const page = textOf((await browser.get(PageClient.location(await browser.get('/narrow')))).text);
    expect(page).toContain('Code from your authenticator app');
    expect(page).not.toContain('recovery code');
  });

  it('never lead to another host that the request line names', async () => {
    for (const target of ['http://evil.example/protected', '/protected?next=//evil.example']) {
      const answer = await raw(test, `GET ${target} HTTP/1.1`);
      const [, location = ''] = /^Location: (.*)$/im.exec(answer) ?? [];
      expect(new URL(location, test.url).host).toBe(new URL(test.url).host);
      expect(answer).toMatch(/^HTTP\/1.1 303 /);
    }
  });

  it('say that the database is down, and grant nothing', async () => {
    const user = await enroll(test);
    const half = PageClient.of(await halfSignIn(test, user));
    const form = await half.get(`${PAGES}/authenticate`);
    await test.dataSource.query('ALTER TABLE mfa_session RENAME TO mfa_session_away');
    const code = codeOf(user.secret, test.clock);
    const answers = [
      await half.get(PAGES),
      await half.submit(`${PAGES}/authenticate`, { code }, form),
      await half.get('/protected'),
    ];
    await test.dataSource.query('ALTER TABLE mfa_session_away RENAME TO mfa_session');
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect((await half.submit(`${PAGES}/authenticate`, { code }, form)).status).toBe(303);
  });
});

/** The answer to a request that no client would send, as text. */
async function raw(test: TestApp, requestLine: string): Promise<string> {
  const socket = connect(Number(new URL(test.url).port), '127.0.0.1');
  socket.end(`${requestLine}\r\nHost: app\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  await once(socket, 'close');
  return answer;
}

describe('the links of the pages', () => {
  it.each<[string, (app: INestApplication) => unknown, string]>([
    ['behind a prefix', (app) => app.setGlobalPrefix('api'), '/api'],
    [
      'where the prefix leaves the pages out',
      (app) => app.setGlobalPrefix('api', { exclude: ['account/security{/*path}'] }),
      '',
    ],
    [
      'beside versions of the application’s routes',
      (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
      '',
    ],
  ])('lead to the pages %s', async (_, configure, prefix) => {
    const test = await startTestApp({ mfa: { pages: true }, configure: (app) => void configure(app) });
    try {
      const page = await new PageClient(test.url).get(`${prefix}${PAGES}`);
      const css = attributeOf(page.text, 'href', '[rel=stylesheet]');
      const api = attributeOf(page.text, 'data-mfa-api');
      expect((await test.client().get(css)).headers.get('content-type')).toContain('text/css');
      expect((await test.client().get(`${api}/status`)).status).toBe(401);
    } finally {
      await test.close();
    }
  });
});
