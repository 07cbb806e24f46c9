import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { attributeOf, parseHtml, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { PAGES, enrolledIn, halfSignedIn, signedIn, startPageApp } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

describe('a browser that the guard refuses', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({ mfa: { pages: { loginUrl: '/sign-in?from=app' } } });
  });
  afterAll(() => test.close());

  it('is sent to set a second factor up, and back', async () => {
    const browser = await signedIn(test);
    const answer = await browser.get('/protected?month=5');
    expect([answer.status, locationOf(answer)]).toEqual([
      303,
      `${PAGES}/enrol?next=%2Fprotected%3Fmonth%3D5`,
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const page = await browser.get(locationOf(answer));
    expect(page.text).toContain(`href="${PAGES}/totp/add?next=%2Fprotected%3Fmonth%3D5"`);
  });

  it('is sent to confirm, when the proof is too old', async () => {
    const { browser } = await enrolledIn(test);
    test.clock.advance(301);
    expect(locationOf(await browser.get('/protected'))).toBe(`${PAGES}/authenticate?next=%2Fprotected`);
  });

  it('is sent to the one factor that would do', async () => {
    const { browser } = await enrolledIn(test);
    test.clock.advance(301);
    const totp = locationOf(await browser.get('/protected/totp'));
    expect(totp).toBe(`${PAGES}/authenticate?next=%2Fprotected%2Ftotp&method=totp`);
    expect((await browser.get(totp)).text).not.toContain('recovery_codes');
    const key = locationOf(await browser.get('/protected/phishing-resistant'));
    expect(key).toBe(`${PAGES}/enrol?next=%2Fprotected%2Fphishing-resistant&method=webauthn`);
    const page = (await browser.get(key)).text;
    expect([page.includes('totp/add'), page.includes('webauthn/add')]).toEqual([false, true]);
  });

  it('is offered no factor that would not do for a change, also after a look at recovery codes', async () => {
    const { user, browser } = await enrolledIn(test);
    const { body: options } = await browser.send('POST', '/mfa/webauthn/options');
    await browser.send('POST', '/mfa/webauthn', { credential: new SoftwareAuthenticator().create(options) });
    test.clock.advance(301);
    const generate = `${PAGES}/recovery-codes/generate`;
    const asked = locationOf(await browser.get(generate));
    const next = encodeURIComponent(generate);
    expect(asked).toBe(`${PAGES}/authenticate?next=${next}&method=webauthn%2Crecovery_codes`);
    const page = await browser.get(asked);
    expect([page.text.includes('data-mfa-ceremony'), page.text.includes('name="code"')]).toEqual([
      true,
      false,
    ]);
    const recovery = attributeOf(page.text, 'href', '[href*="only="]');
    const byCode = await browser.get(recovery);
    expect(textOf(byCode.text)).toContain('Recovery code');
    const back = parseHtml(byCode.text)
      .querySelectorAll('a')
      .find(({ text }) => text.startsWith('Use another method'));
    expect(back?.getAttribute('href')).toBe(asked);
    const done = await browser.submit(recovery, { code: user.recoveryCodes[0] as string });
    expect(locationOf(done)).toBe(generate);
    expect((await browser.get(generate)).status).toBe(200);
  });

  it('is sent to finish its sign-in, when that is half done', async () => {
    const { user } = await enrolledIn(test);
    const browser = await halfSignedIn(test, user);
    for (const path of ['/protected', '/me', PAGES, `${PAGES}/totp/add`]) {
      expect(locationOf(await browser.get(path))).toBe(
        `${PAGES}/authenticate?next=${encodeURIComponent(path)}`,
      );
    }
  });

  it('is sent to sign in, when it is nobody', async () => {
    const browser = PageClient.of(test.client());
    for (const path of ['/me', PAGES, `${PAGES}/totp/add`]) {
      const answer = await browser.get(path);
      expect([answer.status, locationOf(answer)]).toEqual([
        303,
        `/sign-in?from=app&next=${encodeURIComponent(path)}`,
      ]);
    }
    // A page that only asks for a proof is not what was wanted.
    expect(locationOf(await browser.get(`${PAGES}/authenticate?next=%2Fme`))).toBe(
      '/sign-in?from=app&next=%2Fme',
    );
    expect(locationOf(await browser.get(`${PAGES}/authenticate`))).toBe('/sign-in?from=app');
  });

  it('comes back to the page that sent the form, where that can’t be repeated', async () => {
    const browser = PageClient.of(test.client());
    const from = (referer: string) => browser.form('/email', {}, { referer });
    expect(locationOf(await from(`${test.url}/settings?tab=2`))).toBe(
      '/sign-in?from=app&next=%2Fsettings%3Ftab%3D2',
    );
    expect(locationOf(await from('https://evil.example/settings'))).toBe('/sign-in?from=app');
  });

  it.each([['application/json'], ['*/*'], ['application/json, text/html;q=0.5'], ['image/png'], ['']])(
    'is no browser when it accepts %j: it gets its JSON',
    async (accept) => {
      const browser = await signedIn(test);
      const answer = await browser.get('/protected', { accept });
      expect([answer.status, answer.body.code]).toEqual([403, 'mfa_enrollment_required']);
    },
  );

  it.each([['text/html'], ['Text/HTML'], ['application/xhtml+xml, text/html;q=0.9, */*;q=0.8']])(
    'is one when it accepts %j',
    async (accept) => {
      const browser = await signedIn(test);
      expect((await browser.get('/protected', { accept })).status).toBe(303);
    },
  );

  it('gets JSON from the JSON routes', async () => {
    const browser = PageClient.of(test.client());
    const answer = await browser.get('/mfa/status');
    expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
  });

  it('gets what the guard says, where no page would help', async () => {
    const browser = await signedIn(test);
    const answer = await browser.form('/mfa/totp', { name: 'My app' });
    expect(answer.body.code).toBe('invalid_request');
  });
});

describe('without pages, or without a place to sign in', () => {
  it('everybody gets JSON', async () => {
    const test = await startPageApp({ mfa: { pages: false } });
    const browser = await signedIn(test);
    expect((await browser.get('/protected')).body.code).toBe('mfa_enrollment_required');
    expect((await browser.get(PAGES)).status).toBe(404);
    await test.close();
  });

  it('who is nobody is told so, on a page where it is one', async () => {
    const test = await startPageApp();
    const browser = PageClient.of(test.client());
    expect((await browser.get('/me')).body.code).toBe('unauthenticated');
    const page = await browser.get(PAGES);
    expect([page.status, page.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(page.text).toContain('You are not signed in.');
    await test.close();
  });
});
