import { request as rawRequest } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { MfaService } from 'nestjs-mfa';

import { hiddenFields } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  users,
} from '../support/test-app.js';
import type { TransportAppOptions } from '../transports/support/transport-app.js';
import { startTransportApp } from '../transports/support/transport-app.js';

const FRIEND = 'https://www.example.org';
const EVIL = 'https://evil.example';

/** An application whose users are known by a cookie of its own, and have just signed in there. */
class CookieUsers extends TestAdapter {
  override async getUser(request: { headers: { cookie?: string } }): Promise<MfaUser | null> {
    const [, id] = /(?:^|; )app_sid=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
    return id ? { id, email: `${id}@example.com` } : super.getUser(request);
  }

  override getAuthenticatedAt(): Date {
    // The clock of the tests stands still.
    return new Date(1_800_000_000_000);
  }
}

@Controller('saml')
class SamlController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  /** Where an identity provider has browsers post its answer. */
  @Post()
  @HttpCode(200)
  async consume(
    @Body() { id, crossSite }: { id: string; crossSite?: boolean },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    users.set(id, { id });
    return this.mfa.login({ id }, { request, response, ...(crossSite === undefined ? {} : { crossSite }) });
  }
}

/** Sends a sign-in to a host that is called otherwise, as proxies do: `fetch` has its own idea of Host. */
function signInAt(test: TestApp, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    rawRequest(`${test.url}/login`, options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    })
      .on('error', reject)
      .end(JSON.stringify({ id: newUserId() }));
  });
}

describe.each(Object.entries(PLATFORMS))('requests across sites, on %s', (_, createOn) => {
  const start = (options: TransportAppOptions = {}, trustProxy = false) =>
    startTransportApp({ create: createOn({ trustProxy }), ...options });

  describe('with trusted origins', () => {
    let test: TestApp;
    beforeAll(async () => {
      test = await start({
        mfa: { trustedOrigins: [FRIEND], webauthn: RELYING_PARTY, passkeyLogin: true, pages: true },
      });
    });
    afterAll(() => test.close());

    it.each([
      [{ 'sec-fetch-site': 'cross-site', origin: FRIEND }, true],
      [{ 'sec-fetch-site': 'same-site', origin: FRIEND }, true],
      [{ origin: FRIEND }, true],
      [{ 'sec-fetch-site': 'cross-site' }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: EVIL }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: 'null' }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: `${FRIEND}/` }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: `${FRIEND}:8443` }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: `blob:${FRIEND}/1` }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: `${FRIEND}, ${EVIL}` }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: FRIEND.replace('https', 'http') }, false],
      [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.www.example.org' }, false],
    ])('a page that is known by %j may act: %s', async (headers, isLet) => {
      const { id, client, secret } = await enroll(test);
      const half = await halfSignIn(test, { id });
      const browser = PageClient.of(client.clone());
      const regenerate = '/account/security/recovery-codes/generate';
      const fields = hiddenFields((await browser.get(regenerate)).text);
      const answers = [
        await test.client().post('/login', { id: newUserId() }, headers),
        await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }, headers),
        await client.post('/mfa/recovery-codes', undefined, headers),
        await test.client().post('/mfa/passkey/options', undefined, headers),
        await browser.form(regenerate, fields, headers),
        await client.delete('/mfa/session', headers),
      ];
      expect(answers.map(({ status }) => status)).toEqual(
        isLet ? [200, 200, 201, 200, 303, 204] : [403, 403, 403, 403, 403, 403],
      );
    });
  });

  describe('behind a proxy', () => {
    let trusting: TestApp;
    let plain: TestApp;
    beforeAll(async () => {
      trusting = await start({}, true);
      plain = await start();
    });
    afterAll(async () => {
      await trusting.close();
      await plain.close();
    });

    const forwarded = { host: 'internal:8080', 'x-forwarded-host': 'app.example.com' };
    it.each([
      ['the host that a trusted proxy names', true, forwarded, 'https://app.example.com', 200],
      ['the host behind it', true, forwarded, 'http://internal:8080', 403],
      ['a host that nobody has vouched for', false, forwarded, 'https://app.example.com', 403],
      ['the Host header', false, { host: 'app.example.com' }, 'https://app.example.com', 200],
      ['another port', false, { host: 'app.example.com:8443' }, 'https://app.example.com', 403],
      ['the same port', false, { host: 'app.example.com:8443' }, 'https://app.example.com:8443', 200],
      ['the default port of https', false, { host: 'app.example.com:443' }, 'https://app.example.com', 200],
      ['the default port of http', false, { host: 'app.example.com:80' }, 'http://app.example.com', 200],
      ['the port of the other scheme', false, { host: 'app.example.com:80' }, 'https://app.example.com', 403],
      ['upper case', false, { host: 'App.Example.com' }, 'https://app.example.com', 200],
      ['an IPv6 address', false, { host: '[::1]:3000' }, 'http://[::1]:3000', 200],
      ['an IPv6 address of another port', false, { host: '[::1]:3000' }, 'http://[::1]:3001', 403],
      [
        'a host with a user before it',
        false,
        { host: 'user@app.example.com' },
        'https://app.example.com',
        403,
      ],
      ['an extension of the same name', false, { host: 'app' }, 'chrome-extension://app', 403],
      [
        'the same host without https, where the site has it',
        true,
        { ...forwarded, 'x-forwarded-proto': 'https' },
        'http://app.example.com',
        403,
      ],
    ])('Origin may be %s (trusted: %s)', async (_name, isTrusting, headers, origin, status) => {
      expect(await signInAt(isTrusting ? trusting : plain, { ...headers, origin })).toBe(status);
    });

    it('Sec-Fetch-Site decides whatever the hosts are', async () => {
      const headers = { ...forwarded, origin: 'https://app.example.com' };
      expect(await signInAt(plain, { ...headers, 'sec-fetch-site': 'same-origin' })).toBe(200);
      expect(await signInAt(trusting, { ...headers, 'sec-fetch-site': 'cross-site' })).toBe(403);
    });
  });

  describe("where the application's own cookie says who it is", () => {
    let test: TestApp;
    beforeAll(async () => {
      test = await start({
        mfa: { adapter: CookieUsers, webauthn: RELYING_PARTY, trustedOrigins: [FRIEND] },
      });
    });
    afterAll(() => test.close());

    const forged = { 'sec-fetch-site': 'cross-site', origin: EVIL };

    it.each([
      ['POST', '/mfa/totp'],
      ['POST', '/mfa/totp/activate'],
      ['POST', '/mfa/webauthn/options'],
      ['POST', '/mfa/webauthn'],
      ['POST', '/mfa/recovery-codes'],
      ['POST', '/mfa/authenticate'],
      ['POST', '/mfa/authenticate/webauthn/options'],
      ['POST', '/mfa/authenticate/webauthn'],
      ['PATCH', '/mfa/authenticators/1'],
      ['DELETE', '/mfa/authenticators/1'],
      ['DELETE', '/mfa/trusted-devices'],
      ['DELETE', '/mfa/trusted-devices/1'],
      ['DELETE', '/mfa/session'],
    ])('another site can not %s %s', async (method, path) => {
      const client = test.client({ cookie: `app_sid=${newUserId()}` });
      const forgeries: Record<string, string>[] = [
        forged,
        { origin: EVIL },
        { 'sec-fetch-site': 'same-site' },
      ];
      for (const headers of forgeries) {
        const { status, body } = await client.send(method, path, undefined, headers);
        expect([status, body.code]).toEqual([403, 'cross_origin']);
      }
      expect((await client.send(method, path)).body.code).not.toBe('cross_origin');
    });

    it.each([
      [forged, 403],
      [{ ...forged, 'content-type': 'application/x-www-form-urlencoded' }, 403],
      [{ ...forged, authorization: 'Basic YTpi' }, 403],
      [{ ...forged, authorization: 'Negotiate YTpi' }, 403],
      [{ ...forged, authorization: 'Bearer ' }, 403],
      [{ ...forged, authorization: 'Bearer token' }, 201],
      [{ ...forged, 'x-mfa-session': 'new' }, 201],
      [{ ...forged, origin: FRIEND }, 201],
      [{ 'sec-fetch-site': 'same-origin' }, 201],
      [{}, 201],
    ])('a set-up that is sent with %j answers %i', async (headers, status) => {
      const client = test.client({ cookie: `app_sid=${newUserId()}` });
      expect((await client.post('/mfa/totp', undefined, headers as Record<string, string>)).status).toBe(
        status,
      );
    });

    it('a token beside the session cookie does not make it safe', async () => {
      const { client } = await enroll(test);
      const headers = { ...forged, authorization: 'Bearer token' };
      expect((await client.post('/mfa/recovery-codes', undefined, headers)).body.code).toBe('cross_origin');
    });
  });

  it('the check holds without a session cookie too', async () => {
    const session = { cookie: false } as const;
    const test = await start({
      mfa: { adapter: CookieUsers, session, webauthn: RELYING_PARTY, passkeyLogin: true },
    });
    const client = test.client({ cookie: `app_sid=${newUserId()}`, origin: EVIL });
    expect((await client.post('/mfa/totp')).body.code).toBe('cross_origin');
    // Nothing is planted in the browser, so a sign-in may come from anywhere.
    expect((await client.post('/login', { id: newUserId() })).status).toBe(200);
    expect((await client.post('/mfa/passkey/options')).status).toBe(200);
    await test.close();
  });

  it('a sign-in that the application has proven otherwise may come from anywhere', async () => {
    const test = await start({ controllers: [SamlController] });
    const forged = { 'sec-fetch-site': 'cross-site', origin: EVIL };
    const { id, secret } = await enroll(test);
    for (const crossSite of [undefined, false]) {
      const refused = await test.client(forged).post('/saml', { id, crossSite });
      expect([refused.status, refused.body.code]).toEqual([403, 'cross_origin']);
    }
    const client = test.client();
    const { body, headers } = await client.post('/saml', { id, crossSite: true }, forged);
    expect([body.status, headers.getSetCookie()]).toEqual([
      'mfa_required',
      [expect.stringContaining('mfa_session')],
    ]);
    // What comes after it is no part of that proof.
    const code = codeOf(secret, test.clock);
    expect((await client.post('/mfa/authenticate', { code }, forged)).body.code).toBe('cross_origin');
    expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
    await test.close();
  });

  it('the session cookie counts only when there is one of it', async () => {
    const test = await start();
    const [victim, attacker] = [await enroll(test), await enroll(test)];
    const valueOf = (client: typeof victim.client) => client.cookies.get('mfa_session') ?? '';
    const values = [valueOf(victim.client), valueOf(attacker.client)];
    for (const [first = '', second = ''] of [
      values,
      [...values].reverse(),
      [values[0], 'junk'],
      ['', values[0]],
    ]) {
      const both = test.client({ cookie: `mfa_session=${first}; a=b; mfa_session=${second}` });
      expect((await both.get('/me')).body.code).toBe('session_expired');
      expect((await both.post('/mfa/recovery-codes', undefined, { origin: EVIL })).body.code).toBe(
        'cross_origin',
      );
    }
    const twice = test.client({ cookie: `mfa_session=${values[0]}; mfa_session=${values[0]}` });
    expect((await twice.get('/me')).body.id).toBe(victim.id);
    await test.close();
  });

  it.each([
    ['no proxy', { secure: true }, {}, false, 1],
    ['a proxy that is not trusted', { secure: true }, { 'x-forwarded-proto': 'https' }, false, 0],
    ['a trusted proxy that serves https', { secure: true }, { 'x-forwarded-proto': 'https' }, true, 0],
    ['a trusted proxy that serves http', { secure: true }, { 'x-forwarded-proto': 'http' }, true, 1],
    ['a cookie that is not Secure', { secure: false }, {}, false, 0],
  ])(
    'says once that a Secure cookie is lost over http: %s',
    async (_name, cookie, headers, trustProxy, times) => {
      const test = await start({ mfa: { session: { cookie } } }, trustProxy);
      for (const id of [newUserId(), newUserId()]) await test.client(headers).post('/login', { id });
      const warnings = test.logger.lines.filter((line) => line.includes('Secure cookie'));
      expect(warnings).toHaveLength(times);
      for (const warning of warnings) {
        for (const remedy of ['https', 'trust proxy', 'session.cookie.secure'])
          expect(warning).toContain(remedy);
      }
      await test.close();
    },
  );
});
