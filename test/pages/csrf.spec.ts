import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { hiddenFields } from '../support/html.js';
import type { TestApp } from '../support/test-app.js';
import { PAGES, enrolledIn, halfSignedIn, signedIn, startPageApp, statusOf } from './support.js';

describe('a form', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp();
  });
  afterAll(() => test.close());

  const regenerate = `${PAGES}/recovery-codes/generate`;

  it.each([
    ['without its token', {}],
    ['with an empty one', { _csrf: '' }],
    ['with another text', { _csrf: 'v1.a.b.c.d' }],
  ])('%s is refused', async (_, fields) => {
    const { user, browser } = await enrolledIn(test);
    const answer = await browser.form(regenerate, fields);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('This request came from another site.');
    expect((await statusOf(test, user.id)).recoveryCodes.remaining).toBe(10);
  });

  it('with the token of another session, or of another user, is refused', async () => {
    const { user, browser } = await enrolledIn(test);
    const others = [
      [await halfSignedIn(test, user), 'authenticate'],
      [await signedIn(test), 'totp/add'],
    ] as const;
    for (const [other, path] of others) {
      const { _csrf } = hiddenFields((await other.get(`${PAGES}/${path}`)).text);
      expect(_csrf).toBeDefined();
      expect((await browser.form(regenerate, { _csrf: _csrf as string })).status).toBe(403);
    }
  });

  it('of this session is taken, also when the session has gained a factor meanwhile', async () => {
    const { user, browser } = await enrolledIn(test);
    const page = await browser.get(regenerate);
    test.clock.advance(30);
    const { generateSync } = await import('otplib');
    const code = generateSync({ secret: user.secret, epoch: Math.floor(test.clock.now() / 1000) });
    expect((await browser.submit(`${PAGES}/authenticate`, { code })).status).toBe(303);
    expect((await browser.submit(regenerate, {}, page)).status).toBe(303);
  });

  it.each([
    ['Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site of a sibling', { 'sec-fetch-site': 'same-site' }],
    ['Origin', { origin: 'https://evil.example' }],
    ['Origin null', { origin: 'null' }],
  ])('from another site is refused whatever it holds (%s)', async (_, headers) => {
    const { browser } = await enrolledIn(test);
    const fields = hiddenFields((await browser.get(regenerate)).text);
    const answer = await browser.form(regenerate, fields, headers);
    expect(answer.status).toBe(403);
  });

  it('is not a JSON body: the token has to be in the form', async () => {
    const { browser } = await enrolledIn(test);
    const { _csrf } = hiddenFields((await browser.get(regenerate)).text);
    expect((await browser.send('POST', `${regenerate}?_csrf=${_csrf}`)).status).toBe(403);
    expect((await browser.form(regenerate, { _csrf: _csrf as string, '_csrf[]': 'x' })).status).toBe(403);
  });
});
