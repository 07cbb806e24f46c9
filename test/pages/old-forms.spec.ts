import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { Answer } from '../support/client.js';
import { codesOf, hiddenFields, secretOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf } from '../support/test-app.js';
import { PAGES, enrolledIn, halfSignedIn, signedIn, startPageApp, statusOf } from './support.js';

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin' };

/** The same browser as it was before: a form that is sent twice carries the cookies of its page both times. */
function twin(browser: PageClient): PageClient {
  return PageClient.of(browser);
}

describe('a form that is sent twice without JavaScript', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp();
  });
  afterAll(() => test.close());

  it.each(['in parallel', 'one after the other'])('leads on after a sign-in, %s', async (order) => {
    const { user } = await enrolledIn(test);
    test.clock.advance(30);
    const browser = await halfSignedIn(test, user);
    const path = `${PAGES}/authenticate?next=%2Freports`;
    const fields = {
      ...hiddenFields((await browser.get(path)).text),
      code: codeOf(user.secret, test.clock),
    };
    const second = twin(browser);
    const send = (one: PageClient) => one.form(path, fields, SAME_ORIGIN);
    const answers =
      order === 'in parallel'
        ? await Promise.all([send(browser), send(second)])
        : [await send(browser), await send(second)];
    const [won, lost] = answers.sort((one, other) => one.status - other.status) as [Answer, Answer];
    expect([won.status, won.headers.get('location')]).toEqual([303, '/reports']);
    expect(lost.status).toBe(401);
    expect(lost.text).toContain('Continue, and check whether the change was made.');
    expect(lost.text).toContain('href="/reports"');
  });

  it('leads to the new recovery codes after the first factor', async () => {
    const browser = await signedIn(test);
    const path = `${PAGES}/totp/add`;
    const page = await browser.get(path);
    const fields = { ...hiddenFields(page.text), code: codeOf(secretOf(page.text), test.clock), name: '' };
    const second = twin(browser);
    expect((await browser.form(path, fields, SAME_ORIGIN)).status).toBe(303);
    const answer = await second.form(path, fields, SAME_ORIGIN);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain(`href="${PAGES}/recovery-codes/generate"`);
    // The browser has the cookies of both answers.
    expect(codesOf((await browser.get(`${PAGES}/recovery-codes/generate`)).text)).toHaveLength(10);
  });

  it('asks for a sign-in when the session has ended in earnest', async () => {
    const { user, browser } = await enrolledIn(test);
    const page = await browser.get(`${PAGES}/recovery-codes/generate`);
    await twin(browser).send('DELETE', '/mfa/session');
    const answer = await browser.submit(`${PAGES}/recovery-codes/generate`, {}, page);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('check whether the change was made');
    expect((await statusOf(test, user.id)).recoveryCodes.remaining).toBe(10);
  });
});

describe('a form whose session nobody can be sure of', () => {
  it('is told nothing of sessions', async () => {
    const test = await startPageApp();
    const { user, browser } = await enrolledIn(test);
    const path = `${PAGES}/recovery-codes/generate`;
    const fields = hiddenFields((await browser.get(path)).text);
    const cookies = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const planted = { cookie: `${cookies}; mfa_session=${'A'.repeat(43)}`, ...SAME_ORIGIN };
    const answer = await browser.form(path, fields, planted);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('check whether the change was made');
    expect((await statusOf(test, user.id)).recoveryCodes.remaining).toBe(10);
    await test.close();
  });
});

describe('a form that stayed open over a new sign-in', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp();
  });
  afterAll(() => test.close());

  it('changes nothing, says why, and leads to its page', async () => {
    const { user, browser } = await enrolledIn(test);
    const path = `${PAGES}/recovery-codes/generate`;
    const old = hiddenFields((await browser.get(path)).text);
    test.clock.advance(30);
    const later = await halfSignedIn(test, user);
    await later.submit(`${PAGES}/authenticate`, { code: codeOf(user.secret, test.clock) });
    const answer = await later.form(path, { ...old, next: '/public' }, SAME_ORIGIN);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('This page was out of date');
    expect(answer.text).toContain(`href="${path}?next=%2Fpublic"`);
    expect((await statusOf(test, user.id)).recoveryCodes.remaining).toBe(10);
  });

  it('of another site is told apart', async () => {
    const { browser } = await enrolledIn(test);
    const answer = await browser.form(`${PAGES}/recovery-codes/generate`, { _csrf: 'x' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('This request came from another site.');
    expect(answer.text).not.toContain('out of date');
  });
});

describe('who has to prove the password again', () => {
  it('is told where, on a page and in JSON', async () => {
    const test = await startPageApp({ mfa: { reauthenticateUrl: '/auth/reauthenticate' } });
    const browser = await signedIn(test);
    test.clock.advance(301);
    const answer = await browser.send('POST', '/mfa/totp');
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({
      code: 'reauthentication_required',
      reauthenticateUrl: '/auth/reauthenticate',
    });
    const page = await browser.get(`${PAGES}/totp/add`);
    expect(page.status).toBe(303);
    expect((await browser.get(page.headers.get('location') as string)).text).toContain('name="password"');
    await test.close();
  });
});
