import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { Answer } from '../support/client.js';
import { codesOf, hiddenFields, parseHtml, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, halfSignIn } from '../support/test-app.js';
import { PAGES, PageAdapter, enrolledIn, halfSignedIn, signedIn, startPageApp } from './support.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const PAGE = `${PAGES}/sessions`;
const location = (answer: Answer): string => PageClient.location(answer);

class PlacesAdapter extends PageAdapter {
  override getPlace(ip: string): string | null {
    return ip.includes('127.0.0.1') ? 'this <very> machine' : null;
  }
}

describe('the page of sessions', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({
      adapter: PlacesAdapter,
      mfa: { pages: { loginUrl: '/sign-in' }, locales: ['en', 'de'] },
    });
  });
  afterAll(() => test.close());

  /** Somebody who is signed in here and, with Firefox, elsewhere. */
  const twice = async () => {
    const { user, browser } = await enrolledIn(test);
    const other = test.client({ 'user-agent': FIREFOX });
    await other.post('/login', { id: user.id });
    test.clock.advance(30);
    await other.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    const page = await browser.get(PAGE);
    const ids = [...page.text.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id as string);
    return { user, browser, other, page, ids };
  };

  it('is linked from account security, and says where, when and how', async () => {
    const { browser, page } = await twice();
    expect((await browser.get(PAGES)).text).toContain(`href="${PAGE}"`);
    const text = textOf(page.text);
    expect(text).toContain('Firefox on Linux');
    expect(text).toContain('(this browser)');
    expect(text).toContain('Confirmed with Password, Authenticator app');
    expect(text).toContain('Address 127.0.0.1');
    expect(text).toContain('Location this <very> machine');
    expect(page.text).toContain('this &lt;very');
    const german = textOf((await browser.get(PAGE, { 'accept-language': 'de' })).text);
    expect(german).toContain('Wo Sie angemeldet sind');
    expect(german).toContain('Bestätigt mit Passwort, Authenticator-App');
  });

  it('has a button of its own name for this session', async () => {
    const { browser } = await enrolledIn(test);
    const { text } = await browser.get(PAGE);
    const buttons = parseHtml(text).querySelectorAll('button');
    expect(buttons.map((one) => one.text)).toEqual(['Sign out this session', 'Sign out']);
  });

  it('signs out one of them', async () => {
    const { browser, other, page, ids } = await twice();
    const [first] = ids;
    const answer = await browser.submit(PAGE, { id: first as string }, page);
    expect([answer.status, location(answer)]).toEqual([303, `${PAGE}?notice=session-ended`]);
    expect((await other.get('/me')).status).toBe(401);
    const after = textOf((await browser.get(location(answer))).text);
    expect(after).toContain('That session was signed out.');
    expect(after).not.toContain('Sign out everywhere else');
    expect((await browser.submit(PAGE, { id: first as string }, page)).status).toBe(404);
  });

  it('signs out all others', async () => {
    const { browser, other, page } = await twice();
    const answer = await browser.submit(PAGE, { all: '1' }, page);
    expect(location(answer)).toBe(`${PAGE}?notice=sessions-ended`);
    expect((await other.get('/me')).status).toBe(401);
    expect((await browser.get(PAGE)).status).toBe(200);
  });

  it('signs out here, and leads to where visitors sign in', async () => {
    const { browser, page, ids } = await twice();
    const answer = await browser.submit(PAGE, { id: ids[1] as string }, page);
    expect([answer.status, location(answer)]).toEqual([303, '/sign-in?notice=signed-out']);
    expect(browser.cookies.size).toBe(0);
  });

  it('asks for a recent proof before it ends anything', async () => {
    const { browser, other, page, ids } = await twice();
    test.clock.advance(301);
    const answer = await browser.submit(PAGE, { id: ids[0] as string }, page);
    expect([answer.status, new URL(location(answer), test.url).pathname]).toEqual([
      303,
      `${PAGES}/authenticate`,
    ]);
    expect((await other.get('/me')).status).toBe(200);
  });
});

describe('signing out', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({ mfa: { pages: { homeUrl: '/home' } } });
  });
  afterAll(() => test.close());

  /** The form that every page ends with. */
  const signOutForm = (html: string) => html.slice(html.lastIndexOf('<form'));

  it('is on every page of somebody who is signed in, as its last form', async () => {
    const { browser } = await enrolledIn(test);
    for (const path of [
      '',
      '/authenticate',
      '/totp/remove',
      '/recovery-codes',
      '/sessions',
      '/webauthn/x/edit',
    ]) {
      const { text } = await browser.get(PAGES + path);
      expect([path, signOutForm(text)]).toEqual([
        path,
        expect.stringContaining(`action="${PAGES}/sign-out"`),
      ]);
    }
  });

  it('ends the session, and leads away', async () => {
    const browser = await signedIn(test);
    const thief = browser.clone();
    const { text } = await browser.get(PAGES);
    const answer = await browser.form(`${PAGES}/sign-out`, hiddenFields(signOutForm(text)));
    expect([answer.status, location(answer)]).toEqual([303, '/home']);
    expect((await thief.get('/me')).status).toBe(401);
  });

  it('takes a form of this session', async () => {
    const browser = await signedIn(test);
    expect((await browser.form(`${PAGES}/sign-out`, {})).status).toBe(403);
    expect((await browser.get(PAGES)).status).toBe(200);
  });

  it('is not offered to visitors, nor to who is half signed in and can give up', async () => {
    const { user } = await enrolledIn(test);
    const half = await halfSignedIn(test, user);
    expect((await half.get(`${PAGES}/authenticate`)).text).not.toContain('/sign-out');
    expect((await PageClient.of(await halfSignIn(test, user)).get(PAGES)).text).not.toContain('/sign-out');
  });
});

describe('what a change offers besides', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp();
  });
  afterAll(() => test.close());

  it('is a new set, after a recovery code was used', async () => {
    const { user } = await enrolledIn(test);
    const half = await halfSignedIn(test, user);
    const path = `${PAGES}/authenticate?method=recovery_codes&next=${encodeURIComponent('/me')}`;
    expect((await half.get(path)).text).toContain('name="newCodes"');
    const [code] = user.recoveryCodes;
    const answer = await half.submit(path, { code: code as string, newCodes: 'on' });
    const generate = `${PAGES}/recovery-codes/generate?next=${encodeURIComponent('/me')}`;
    expect([answer.status, location(answer)]).toEqual([303, generate]);
    const question = await half.get(generate);
    expect(question.text).toContain('href="/me">Not now');
    expect(textOf((await half.get(PAGES)).text)).toContain('You used a recovery code');
    const made = await half.submit(generate, {}, question);
    const shown = await half.get(location(made));
    expect(codesOf(shown.text)).toHaveLength(10);
    expect(shown.text).toContain('name="next" value="/me"');
    expect(textOf((await half.get(PAGES)).text)).not.toContain('You used a recovery code');
  });

  it('is nothing after any other code, whatever the form says', async () => {
    const { user } = await enrolledIn(test);
    const half = await halfSignedIn(test, user);
    const code = codeOf(user.secret, test.clock);
    const answer = await half.submit(`${PAGES}/authenticate`, { code, newCodes: 'on' });
    expect(location(answer)).toBe(PAGES);
  });

  it('is signing out everywhere else, with new codes', async () => {
    const { user, browser } = await enrolledIn(test);
    const other = await halfSignIn(test, user);
    await other.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    const generate = `${PAGES}/recovery-codes/generate`;
    expect((await browser.get(generate)).text).toContain('name="endOtherSessions"');
    await browser.submit(generate, { endOtherSessions: 'on' });
    expect((await other.get('/me')).status).toBe(401);
  });

  it('is a new phone in place of the former one', async () => {
    const { user, browser } = await enrolledIn(test);
    const path = `${PAGES}/totp/add?replaces=${user.authenticatorId}`;
    expect((await browser.get(PAGES)).text).toContain(`href="${path}"`);
    const page = await browser.get(path);
    expect(textOf(page.text)).toContain('will replace “Authenticator app”');
    const secret = secretOf(page.text);
    expect(secretOf((await browser.get(path)).text)).toBe(secret);
    const wrong = await browser.submit(path, { code: '000000' }, page);
    expect([wrong.status, secretOf(wrong.text)]).toEqual([422, secret]);
    const done = await browser.submit(path, { code: codeOf(secret, test.clock) }, page);
    expect([done.status, location(done)]).toEqual([303, `${PAGES}?notice=totp-replaced`]);
    const list = await browser.get('/mfa/authenticators?type=totp');
    expect(list.body).toHaveLength(1);
    expect(list.body[0].id).not.toBe(user.authenticatorId);
    expect((await browser.get(path)).status).toBe(404);
  });
});
