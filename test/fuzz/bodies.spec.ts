import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MFA_ERRORS, emailCode } from 'nestjs-mfa';

import type { Answer, Client } from '../support/client.js';
import { expectAlways } from '../support/fuzz.js';
import { holdings } from '../support/holdings.js';
import type { Damage } from '../support/hostile-input.js';
import {
  changed,
  damage,
  damagedText,
  jsonChange,
  trickyJson,
  trickyText,
} from '../support/hostile-input.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import { sample } from '../support/thorough.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

class Adapter extends TestAdapter {
  override sendMessage(): void {
    // There is no mailbox either.
  }
}

const STRANGER = '00000000-0000-4000-8000-000000000000';

/** Routes that take a body, by who calls them, and the fields that one of them or another knows. None does anything without a proof. */
const ROUTES: [who: 'half' | 'enrolled' | 'newcomer' | 'nobody', method: string, path: string][] = [
  ['half', 'POST', '/mfa/authenticate'],
  ['half', 'POST', '/mfa/authenticate/webauthn'],
  ['half', 'POST', '/mfa/authenticate/webauthn/options'],
  ['half', 'POST', '/mfa/authenticate/email_code/challenge'],
  ['half', 'POST', '/mfa/authenticate/nothing/challenge'],
  ['nobody', 'POST', '/mfa/passkey'],
  ['nobody', 'POST', '/mfa/passkey/options'],
  ['newcomer', 'POST', '/mfa/totp/activate'],
  ['newcomer', 'POST', '/mfa/webauthn/options'],
  ['newcomer', 'POST', '/mfa/webauthn'],
  ['newcomer', 'POST', '/mfa/factors/email_code'],
  ['newcomer', 'POST', '/mfa/factors/email_code/activate'],
  ['enrolled', 'PATCH', `/mfa/authenticators/${STRANGER}`],
  ['enrolled', 'DELETE', `/mfa/trusted-devices/${STRANGER}`],
];
const BODY = {
  code: '123456',
  trustDevice: true,
  name: 'A name',
  credential: {
    id: 'AAAA',
    rawId: 'AAAA',
    type: 'public-key',
    response: { clientDataJSON: 'e30', signature: 'AAAA' },
  },
  passwordless: true,
  automatic: false,
  role: 'both',
  userVerified: true,
  authenticatorId: STRANGER,
  fields: {},
};
const TYPES = [
  ...[
    'application/json',
    'application/json; charset=utf-16',
    'application/json;charset=',
    'text/plain',
    'multipart/form-data; boundary=x',
  ],
  ...[
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=iso-8859-1',
    'application/',
    '; ;',
    '*/*',
    '',
  ],
];

/** What can stand in a header, and in the path, of a request. */
const headerText = trickyText.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 2000));
const pathText = trickyText.map((text) => text.replace(/[^!-~]/g, '%c3%a4').slice(0, 2000));

/** A request as it is: `fetch` would write paths anew, and keep some headers to itself. */
async function ask(
  url: string,
  method: string,
  headers: Record<string, string>,
  body = '',
): Promise<Pick<Answer, 'status' | 'text' | 'body'>> {
  const { origin } = new URL(url);
  const path = url.slice(origin.length);
  return new Promise((resolve, reject) => {
    const sent = request(
      origin,
      { method, path, headers: { 'content-length': Buffer.byteLength(body), ...headers } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text,
            body: response.headers['content-type']?.includes('json') ? JSON.parse(text) : {},
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe.each(sample(Object.entries(PLATFORMS), 2))('on %s', (_name, createOn) => {
  let test: TestApp;
  let secret: string;
  let setup: string;
  let clients: Record<(typeof ROUTES)[number][0], Client>;
  beforeAll(async () => {
    test = await startTestApp({
      create: createOn({ trustProxy: true }),
      adapter: Adapter,
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        rateLimit: { attempts: 1_000_000 },
        factors: [emailCode()],
        trustedOrigins: ['https://other.example.com'],
      },
    });
    const user = await enroll(test);
    ({ secret } = user);
    const newcomer = test.client();
    await newcomer.post('/login', { id: newUserId() });
    ({ secret: setup } = (await newcomer.post('/mfa/totp')).body);
    clients = { enrolled: user.client, half: await halfSignIn(test, user), newcomer, nobody: test.client() };
  });
  afterAll(() => test.close());

  /** Whatever was sent: an answer in our own shape, no trace of the insides, and nobody has gained anything. */
  function expectCoded({ status, text, body }: Pick<Answer, 'status' | 'text' | 'body'>): void {
    expect(status).toBeLessThan(500);
    if (status >= 400) expect(Object.keys(MFA_ERRORS)).toContain(body.code);
    expect(text).not.toMatch(/stack|node_modules|SELECT|UPDATE|\.[jt]s:\d/);
  }

  const route = fc.constantFrom(...ROUTES);
  const isRight = (text: string) =>
    [secret, setup].some((own) => [-1, 0, 1].some((step) => text.includes(codeOf(own, test.clock, step))));

  it('a body of any JSON gains nothing', () =>
    expectAlways(
      60,
      [
        route,
        fc.oneof(
          trickyJson,
          jsonChange.map((change) => changed(BODY, change)),
        ),
      ],
      async ([who, method, path], body) => {
        const json = JSON.stringify(body);
        fc.pre(!isRight(json));
        const before = await holdings(test);
        expectCoded(await clients[who].send(method, path, json));
        expect(await holdings(test)).toEqual(before);
      },
    ));

  it('a body of any text gains nothing, whatever it is called', () =>
    expectAlways(
      50,
      [
        route,
        fc.oneof(trickyText, damage),
        fc.constantFrom(...TYPES),
        fc.constantFrom('', 'gzip', 'br', 'identity', 'x'),
      ],
      async ([who, method, path], by: string | Damage, type, encoding) => {
        const body = typeof by === 'string' ? by : damagedText(JSON.stringify(BODY), by);
        fc.pre(!isRight(body));
        const before = await holdings(test);
        const headers = {
          ...(type && { 'content-type': type }),
          ...(encoding && { 'content-encoding': encoding }),
        };
        expectCoded(await clients[who].send(method, path, body, headers));
        expect(await holdings(test)).toEqual(before);
      },
    ));

  const header = fc.record(
    {
      origin: headerText,
      referer: headerText,
      host: headerText,
      accept: headerText,
      authorization: headerText,
      'user-agent': headerText,
      'accept-language': headerText,
      'sec-fetch-site': headerText,
      'x-forwarded-for': headerText,
      'x-forwarded-host': headerText,
      'x-forwarded-proto': headerText,
      'x-mfa-session': headerText,
      'if-none-match': headerText,
    },
    { requiredKeys: [] },
  );

  it('headers of any kind gain nothing', () =>
    expectAlways(
      60,
      [
        fc.constantFrom('/mfa/status', '/mfa/session', '/mfa/sessions', '/protected', '/mfa/totp'),
        header,
        fc.boolean(),
      ],
      async (path, headers, isKnown) => {
        const cookie = `mfa_session=${clients.enrolled.cookies.get('mfa_session')}`;
        const method = path === '/mfa/totp' ? 'POST' : 'GET';
        const answer = await ask(test.url + path, method, { ...headers, ...(isKnown ? { cookie } : {}) });
        // What Node itself can't read is answered with 400 before anybody sees it.
        if (answer.status !== 400 || answer.text !== '') expectCoded(answer);
        if (!isKnown || 'x-mfa-session' in headers) expect(answer.status).toBeGreaterThanOrEqual(400);
      },
    ));

  it('paths and queries of any kind gain nothing', () =>
    expectAlways(
      60,
      [
        fc.constantFrom(
          '/mfa/authenticators/',
          '/mfa/sessions/',
          '/mfa/trusted-devices/',
          '/mfa/factors/',
          '/mfa/authenticators?type=',
          '/mfa/',
        ),
        pathText,
        fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH'),
      ],
      async (path, rest, method) => {
        fc.pre(!(path + rest).includes('#') && rest.replace(/[?/].*$/, '') !== '');
        const before = await holdings(test);
        const cookie = `mfa_session=${clients.enrolled.cookies.get('mfa_session')}`;
        const answer = await ask(test.url + path + rest, method, { cookie });
        expect(answer.status).toBeLessThan(500);
        expect(answer.text).not.toMatch(/stack|node_modules|SELECT|UPDATE|\.[jt]s:\d/);
        expect(await holdings(test)).toEqual(before);
      },
    ));

  it('none of it takes anything from its users', async () => {
    expect((await clients.enrolled.get('/protected')).status).toBe(200);
    const activated = await clients.newcomer.post('/mfa/totp/activate', { code: codeOf(setup, test.clock) });
    expect(activated.status).toBe(201);
  });
});
