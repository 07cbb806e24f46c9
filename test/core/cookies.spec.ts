import { describe, expect, it } from '@jest/globals';

import type { Answer } from '../support/client.js';
import { codesOf, secretOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { codeOf, enroll, halfSignIn, newUserId } from '../support/test-app.js';
import { PAGES, signedIn, startPageApp } from '../pages/support.js';

const namesOf = ({ headers }: Answer) => headers.getSetCookie().map((cookie) => cookie.split('=')[0]);

describe('the cookies of the module', () => {
  it.each([
    ['__Host-', { secure: true }],
    ['__Secure-', { secure: true, domain: 'example.com' }],
    ['__Secure-', { secure: true, path: '/account' }],
    ['', { secure: false }],
    ['', { secure: false, domain: 'example.com' }],
  ])('have the prefix %j with %j', async (prefix, cookie) => {
    const test = await startPageApp({
      mfa: { session: { cookie }, trustedDevices: { enabled: true }, newSignIn: { enabled: true } },
    });
    const { id, secret, client } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const proven = await half.post('/mfa/authenticate', {
      code: codeOf(secret, test.clock),
      trustDevice: true,
    });
    const names = ['mfa_session', 'mfa_known', 'mfa_trusted'];
    expect(namesOf(proven)).toEqual(names.map((name) => `${prefix}${name}`));
    expect(namesOf(await half.delete('/mfa/session'))).toEqual([`${prefix}mfa_session`]);
    expect((await client.get('/me')).status).toBe(200);
    await test.close();
  });

  it.each([
    ['__Secure-', true],
    ['', false],
  ])('of the pages, which have a path, have the prefix %j', async (prefix, secure) => {
    const test = await startPageApp({ mfa: { session: { cookie: { secure } } } });
    const browser = await signedIn(test);
    const setup = await browser.get(`${PAGES}/totp/add`);
    expect(namesOf(setup)).toEqual([`${prefix}mfa_totp_setup`]);
    expect(secretOf((await browser.get(`${PAGES}/totp/add`)).text)).toBe(secretOf(setup.text));
    const code = codeOf(secretOf(setup.text), test.clock);
    const added = await browser.submit(`${PAGES}/totp/add`, { code }, setup);
    expect(namesOf(added)).toContain(`${prefix}mfa_new_codes`);
    expect(codesOf((await browser.get(PageClient.location(added))).text)).toHaveLength(10);
    await test.close();
  });

  it('of the pages are found beside what a sibling domain planted under their names', async () => {
    const test = await startPageApp();
    const browser = await signedIn(test);
    const setup = await browser.get(`${PAGES}/totp/add`);
    const [name = '', value = ''] = (setup.headers.getSetCookie()[0] ?? '').split(/[=;]/);
    const session = `mfa_session=${browser.cookies.get('mfa_session')}`;
    for (const pair of [
      [value, 'planted'],
      ['planted', value],
    ]) {
      const cookie = [session, ...pair.map((one) => `${name}=${one}`)].join('; ');
      const again = await browser.get(`${PAGES}/totp/add`, { cookie });
      expect(secretOf(again.text)).toBe(secretOf(setup.text));
    }
    await test.close();
  });

  it('of a trusted browser spare nothing when there are two', async () => {
    const test = await startPageApp({ mfa: { trustedDevices: { enabled: true } } });
    const { id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock), trustDevice: true });
    const token = half.cookies.get('mfa_trusted') ?? '';
    const planted = 'x'.repeat(43);
    for (const [first, second] of [
      [planted, token],
      [token, planted],
    ]) {
      const other = test.client({ cookie: `mfa_trusted=${first}; mfa_trusted=${second}` });
      expect((await other.post('/login', { id })).body.status).toBe('mfa_required');
    }
    const own = test.client({ cookie: `mfa_trusted=${token}` });
    expect((await own.post('/login', { id })).body.status).toBe('authenticated');
    await test.close();
  });

  it.each(['\u00a0', '\u0085', '\u00ad', '$Version=1,', '%'])(
    'are not found under a name that only looks like theirs (%j)',
    async (before) => {
      const test = await startPageApp({ mfa: { session: { cookie: { secure: true } } } });
      const client = test.client();
      await client.post('/login', { id: newUserId() });
      const [[name, token] = []] = client.cookies;
      expect((await test.client({ cookie: `a=b; ${before}${name}=${token}` }).get('/me')).status).toBe(401);
      expect((await test.client({ cookie: `a=b; ${name}=${token}` }).get('/me')).status).toBe(200);
      await test.close();
    },
  );

  it('are not those of the name that they had before', async () => {
    const cookie = { secure: true, domain: 'example.com' };
    const test = await startPageApp({ mfa: { session: { cookie } } });
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const token = client.cookies.get('__Secure-mfa_session') ?? '';
    expect((await client.get('/me')).status).toBe(200);
    expect((await test.client({ cookie: `mfa_session=${token}` }).get('/me')).status).toBe(401);
    await test.close();
  });
});
