import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';

import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import type { Answer } from '../support/client.js';
import { Client } from '../support/client.js';
import { addressesOf, attributesOf, hiddenFields, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';

const SECRET = 'a secret for the tests of 32 bytes or more';

const password = 'correct horse battery';
const codeOf = (secret: string, steps = 0) =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
const location = (answer: Answer) => PageClient.location(answer);

async function startDemo(environment: Record<string, string> = {}) {
  const { database, mfa } = readConfig({
    DATABASE_URL: 'sqlite::memory:',
    MFA_SECRET: SECRET,
    ...environment,
  });
  const app = await createDemo({ database, mfa }, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const newBrowser = () => PageClient.of(new Client(url));
  /** A browser with a new account that is signed in, and its requests for data. */
  const signUp = async (email: string) => {
    const browser = newBrowser();
    expect((await browser.form('/register', { email, password })).status).toBe(303);
    return { browser, api: apiOf(browser) };
  };
  return { app, url, newBrowser, signUp };
}

/** The scripts of the same browser: with its cookies, for JSON. */
function apiOf(browser: PageClient): Client {
  const api = new Client(browser.url);
  for (const [name, value] of browser.cookies) api.cookies.set(name, value);
  return api;
}

/** Gives the account an authenticator app; the session's new token goes to the browser as well. */
async function addApp(api: Client, browser?: PageClient): Promise<string> {
  const { secret } = (await api.post('/mfa/totp')).body;
  expect((await api.post('/mfa/totp/activate', { code: codeOf(secret) })).status).toBe(201);
  for (const [name, value] of api.cookies) browser?.cookies.set(name, value);
  return secret;
}

describe('the pages of the demo', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(() => demo.app.close());

  it('are strict documents with one script, and nothing inline', async () => {
    const { browser, api } = await demo.signUp('documents@staff.example.com');
    await addApp(api, browser);
    for (const path of [
      '/',
      '/register',
      '/login',
      '/profile',
      '/outbox',
      '/reports',
      '/staff',
      '/feed',
      '/nowhere',
    ]) {
      const page = await browser.get(path);
      expect([path, page.status]).toEqual([path, path === '/nowhere' ? 404 : 200]);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.text).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(attributesOf(page.text, 'src', 'script')).toEqual(['/local-times.js', '/submit-once.js']);
      expect(page.text).toContain('></script>');
      expect(page.text).not.toMatch(/<style| style=| on\w+=/);
      expect(page.text.length).toBeLessThan(20_000);
    }
  });

  it('begin with what there is to try, what is off, and how to have it', async () => {
    const text = textOf((await demo.newBrowser().get('/')).text);
    for (const step of ['Create an account', 'Add a second factor', 'Open what it protects', 'Be staff']) {
      expect(text).toContain(step);
    }
    expect(text).toContain('A proof counts for 5 minutes.');
    expect(text).toMatch(
      /MFA_PASSKEY_LOGIN=true MFA_PASSKEY_SIGN_UP=true MFA_TRUSTED_DEVICES_ENABLED=true MFA_NEW_SIGN_IN_ENABLED=true MFA_REQUIRED_FOR_STAFF=true npm start/,
    );
    const { browser } = await demo.signUp('home@example.com');
    expect(textOf((await browser.get('/')).text)).toContain('you are signed in as home@example.com');
  });

  it('have what they link to', async () => {
    const browser = demo.newBrowser();
    const links = addressesOf((await browser.get('/')).text);
    expect(links).toEqual(expect.arrayContaining(['/playground', '/mfa.css', '/demo.css', '/logo.svg']));
    for (const path of new Set(links)) {
      const { status } = await browser.get(path);
      expect([path, [200, 303].includes(status)]).toEqual([path, true]);
    }
    const playground = (await browser.get('/playground')).text;
    for (const file of ['/demo.js', '/playground.css']) {
      expect(playground).toContain(`"${file}"`);
      expect((await browser.get(file)).status).toBe(200);
    }
    expect((await browser.get('/mfa.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');
  });

  describe('creating an account', () => {
    it('signs its owner in', async () => {
      const browser = demo.newBrowser();
      const form = await browser.get('/register');
      expect(form.text).toMatch(/<input[^>]*type="email"[^>]*autocomplete="username"/);
      expect(form.text).toMatch(/<input[^>]*type="password"[^>]*autocomplete="new-password"/);
      const answer = await browser.form('/register', { email: ' Ada@Example.com', password });
      expect([answer.status, location(answer)]).toEqual([303, '/profile']);
      const profile = textOf((await browser.get('/profile')).text);
      expect(profile).toContain('Signed in as ada@example.com');
      expect(profile).toMatch(/Password [A-Z]\w+ \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M UTC/);
      expect(profile).not.toContain('Staff');
      expect(profile).toContain('Two-factor authentication is off.');
    });

    it('says at the fields what is wrong with them', async () => {
      const email = '"><img src=x onerror=alert(1)>';
      const page = await demo.newBrowser().form('/register', { email, password: 'short' });
      expect(page.status).toBe(422);
      expect(page.text).toMatch(/<p class="mfa-error" id="email-error" role="alert">Enter an email address/);
      expect(page.text).toMatch(/<p class="mfa-error" id="password-error" role="alert">Use 8 to 256/);
      expect(page.text).toMatch(
        /<input[^>]*id="email"[^>]*aria-describedby="email-hint email-error"[^>]*aria-invalid="true"/,
      );
      expect(page.text).toContain('value="&quot;>&lt;img src=x onerror=alert(1)>"');
      expect(page.text).not.toContain('<img');
      expect(page.text).not.toContain('value="short"');
    });

    it.each([{}, { email: 'x@example.com' }, { password }])('refuses a form with only %j', async (fields) => {
      expect((await demo.newBrowser().form('/register', fields as Record<string, string>)).status).toBe(422);
    });

    it('refuses an address that is taken, and signs nobody in', async () => {
      await demo.signUp('taken@example.com');
      const browser = demo.newBrowser();
      const page = await browser.form('/register', { email: 'TAKEN@example.com', password });
      expect(page.status).toBe(422);
      expect(page.text).toMatch(/id="email-error" role="alert">This address has an account already/);
      expect(browser.cookies.size).toBe(0);
    });
  });

  describe('signing in', () => {
    it('answers a wrong password and an unknown address alike', async () => {
      await demo.signUp('login@example.com');
      const browser = demo.newBrowser();
      const answers = await Promise.all(
        ['login@example.com', 'other@example.com'].map((email) =>
          browser.form('/login', { email, password: 'wrong password' }),
        ),
      );
      const [wrong, unknown] = answers.map(({ status, text }) => ({
        status,
        text: text.replace(/(login|other)@example/, ''),
      }));
      expect(wrong).toEqual(unknown);
      expect(wrong?.status).toBe(422);
      expect(wrong?.text).toMatch(/id="password-error" role="alert">The address or the password is wrong/);
      expect(wrong?.text).toMatch(/autocomplete="current-password"/);
      const empty = await browser.form('/login', { email: '', password: '' });
      expect(textOf(empty.text)).toMatch(/Enter your email address.*Enter your password/);
      expect([empty.status, browser.cookies.size]).toEqual([422, 0]);
    });

    it('begins with having signed out, when that was on a page of account security', async () => {
      const { browser } = await demo.signUp('leaving@example.com');
      const { text } = await browser.get('/account/security');
      // Signed in, it is another visitor's address at most.
      expect(textOf((await browser.get('/login?notice=signed-out')).text)).not.toContain(
        'You’re signed out.',
      );
      const out = await browser.form('/account/security/sign-out', hiddenFields(text));
      expect([out.status, location(out)]).toEqual([303, '/login?notice=signed-out']);
      expect(textOf((await browser.get(location(out))).text)).toContain('You’re signed out.');
      for (const query of ['', '?notice=other'])
        expect(textOf((await browser.get(`/login${query}`)).text)).not.toContain('signed out');
    });

    it('goes on to where the visitor wanted to be, by way of the second factor', async () => {
      const { browser, api } = await demo.signUp('onward@example.com');
      const secret = await addApp(api, browser);
      const out = await browser.form('/logout', {});
      expect([out.status, location(out)]).toEqual([303, '/']);
      const refused = await browser.get('/reports?year=2026');
      expect([refused.status, location(refused)]).toEqual([303, '/login?next=%2Freports%3Fyear%3D2026']);
      expect(hiddenFields((await browser.get(location(refused))).text)).toEqual({
        next: '/reports?year=2026',
      });

      const login = await browser.submit(location(refused), { email: 'onward@example.com', password });
      const authenticate = '/account/security/authenticate?next=%2Freports%3Fyear%3D2026';
      expect([login.status, location(login)]).toEqual([303, authenticate]);
      const confirmed = await browser.submit(authenticate, { code: codeOf(secret, 1) });
      expect([confirmed.status, location(confirmed)]).toEqual([303, '/reports?year=2026']);
      expect(textOf((await browser.get('/reports')).text)).toContain('Quarterly figures');
      expect(textOf((await browser.get('/profile')).text)).toMatch(
        /Password .* Authenticator app .* is on\./,
      );
    });

    it.each([
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'javascript:alert(1)',
      '/.//evil.example',
    ])('never goes on to %s', async (next) => {
      const browser = demo.newBrowser();
      for (const path of ['/login', '/register']) {
        const query = new URLSearchParams({ next }).toString();
        expect(hiddenFields((await browser.get(`${path}?${query}`)).text)).toEqual({});
      }
      const email = `next-${Buffer.from(next).toString('hex')}@example.com`;
      const registered = await browser.form('/register', { email, password, next });
      expect(location(registered)).toBe('/profile');
      expect(location(await browser.form('/login', { email, password, next }))).toBe('/profile');
    });

    it('offers passkeys only where they sign in', async () => {
      expect((await demo.newBrowser().get('/login')).text).not.toContain('passkey');
    });

    it('lets the library ask for the password again', async () => {
      const { browser } = await demo.signUp('again@example.com');
      const path = '/account/security/reauthenticate';
      const wrong = await browser.submit(path, { password: 'wrong password' });
      expect([wrong.status, textOf(wrong.text)]).toEqual([422, expect.stringContaining('password')]);
      const right = await browser.submit(`${path}?next=/profile`, { password });
      expect([right.status, location(right)]).toEqual([303, '/profile']);
    });
  });

  it.each(['/register', '/login', '/logout'])('take %s from pages of this site only', async (path) => {
    const { browser } = await demo.signUp(`cross${path.slice(1)}@example.com`);
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ];
    for (const headers of foreign) {
      const answer = await browser.form(path, { email: 'evil@example.com', password }, headers);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('<code>cross_origin</code>');
    }
    expect((await browser.get('/profile')).text).toContain('Signed in as');
  });

  it('need a session where they show one', async () => {
    const refused = await demo.newBrowser().get('/profile');
    expect([refused.status, location(refused)]).toEqual([303, '/login?next=%2Fprofile']);
    const { status, body } = await new Client(demo.url).get('/profile');
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
  });

  it('show browsers what API clients get as JSON', async () => {
    const { browser, api } = await demo.signUp('views@staff.example.com');
    await addApp(api, browser);
    for (const [path, body] of Object.entries({
      '/reports': { reports: ['Quarterly figures', 'Audit trail'] },
      '/staff': { staff: 'Only staff with a second factor see this' },
      '/feed': { feed: ['News for everyone; with a second factor only after it was proven'] },
    })) {
      for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.5']) {
        const data = await api.get(path, { accept });
        expect([data.status, data.text]).toEqual([200, JSON.stringify(body)]);
        expect(data.headers.get('content-type')).toBe('application/json; charset=utf-8');
        expect(data.headers.get('vary')).toBe('Accept');
      }
      const page = await browser.get(path);
      expect(page.headers.get('vary')).toBe('Accept');
      for (const text of Object.values(body).flat()) expect(textOf(page.text)).toContain(text);
    }
    expect(location(await browser.get('/vault'))).toMatch(/^\/account\/security\/enrol\?next=%2Fvault/);
    expect((await api.get('/vault')).body.code).toBe('mfa_enrollment_required');
  });

  it('say on a page what cannot be mended, and JSON clients keep their answers', async () => {
    const { browser, api } = await demo.signUp('visitor@example.com');
    await addApp(api, browser);
    const staff = await browser.get('/staff');
    expect([staff.status, textOf(staff.text)]).toEqual([403, expect.stringContaining('This is for staff')]);
    expect((await api.get('/staff')).body).toEqual({
      message: 'Forbidden resource',
      error: 'Forbidden',
      statusCode: 403,
    });
    expect((await api.get('/nowhere')).body).toEqual({
      message: 'Cannot GET /nowhere',
      error: 'Not Found',
      statusCode: 404,
    });
    // The JSON routes are no pages, whatever their client accepts.
    const login = await browser.post('/auth/login', {
      email: 'visitor@example.com',
      password: 'wrong password',
    });
    expect([login.status, login.body.message]).toEqual([401, 'Wrong address or password']);
    const invalid = await browser.post('/auth/register', {});
    expect([invalid.status, invalid.body.error, invalid.body.code]).toEqual([400, 'Bad Request', undefined]);
  });

  it('tell who must not enroll why', async () => {
    const { browser } = await demo.signUp('eve@unverified.example.com');
    expect(textOf((await browser.get('/profile')).text)).toContain('This address is not verified');
  });

  it('say nothing of what broke', async () => {
    const { browser } = await demo.signUp('broken@example.com');
    const database = demo.app.get(DataSource);
    await database.query('ALTER TABLE demo_mail RENAME TO demo_mail_away');
    const page = await browser.get('/outbox');
    await database.query('ALTER TABLE demo_mail_away RENAME TO demo_mail');
    expect([page.status, textOf(page.text)]).toEqual([500, expect.stringContaining('Something went wrong')]);
    expect(page.text).not.toMatch(/demo_mail|SQLITE/);

    // Not even who is signed in can be found out: the page is shown without it.
    await database.query('ALTER TABLE mfa_session RENAME TO mfa_session_away');
    const home = await browser.get('/');
    await database.query('ALTER TABLE mfa_session_away RENAME TO mfa_session');
    expect([home.status, textOf(home.text)]).toEqual([503, expect.stringContaining('Not available now')]);
    expect(home.text).not.toMatch(/mfa_session|SQLITE|broken@/);
    expect((await browser.get('/')).text).toContain('broken@');
  });
});

describe('the demo with everything switched on', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  beforeAll(async () => {
    demo = await startDemo({
      MFA_PASSKEY_LOGIN: 'true',
      MFA_PASSKEY_SIGN_UP: 'true',
      MFA_TRUSTED_DEVICES_ENABLED: 'true',
      MFA_NEW_SIGN_IN_ENABLED: 'true',
      MFA_REQUIRED_FOR_STAFF: 'true',
      MFA_GLOBAL_GUARD: 'true',
      MFA_GRACE_PERIOD_SECONDS: '90',
    });
  });
  afterAll(() => demo.app.close());

  it('offers passkeys, and nothing more to switch on', async () => {
    const browser = demo.newBrowser();
    const login = await browser.get('/login?next=/reports');
    expect(login.text).toContain('href="/account/security/passkey?next=%2Freports"');
    expect((await browser.get('/login')).text).toContain('href="/account/security/passkey?next=%2Fprofile"');
    expect((await browser.get('/register')).text).toContain(
      'href="/account/security/sign-up?next=%2Fprofile"',
    );
    const home = textOf((await browser.get('/')).text);
    expect(home).not.toContain('npm start');
    expect(home).toContain('A proof counts for 90 seconds.');
  });

  it('sends a mail about a browser that is new, and none about the one of the registration', async () => {
    const credentials = { email: 'eve@example.com', password };
    const noticesTo = async () => {
      const outbox = textOf((await demo.newBrowser().get('/outbox')).text);
      return outbox.split('new sign-in').length - 1;
    };
    await demo.newBrowser().form('/register', credentials);
    expect(await noticesTo()).toBe(0);
    const browser = demo.newBrowser();
    await browser.form('/login', credentials);
    expect(await noticesTo()).toBe(1);
    await browser.form('/login', credentials);
    expect(await noticesTo()).toBe(1);
  });

  it('leads staff to set up a second factor, and lets them leave', async () => {
    const browser = demo.newBrowser();
    const email = 'root@staff.example.com';
    const registered = await browser.form('/register', { email, password, next: '/staff' });
    expect([registered.status, location(registered)]).toEqual([303, '/account/security/enrol?next=%2Fstaff']);
    expect(location(await browser.get('/profile'))).toMatch(/^\/account\/security\/enrol\?/);
    for (const path of ['/', '/login', '/register', '/outbox', '/mfa.css']) {
      expect([path, (await browser.get(path)).status]).toEqual([path, 200]);
    }
    expect(location(await browser.form('/logout', {}))).toBe('/');
    expect(location(await browser.get('/profile'))).toBe('/login?next=%2Fprofile');
  });
});

describe('the demo without the pages of the library', () => {
  let demo: Awaited<ReturnType<typeof startDemo>>;
  beforeAll(async () => {
    demo = await startDemo({ MFA_PAGES: 'false' });
  });
  afterAll(() => demo.app.close());

  it('still has its own, in the same look', async () => {
    const browser = demo.newBrowser();
    const home = await browser.get('/');
    expect(textOf(home.text)).toContain('The pages of nestjs-mfa are switched off');
    expect(home.text).not.toContain('/account/security');
    expect((await browser.get('/account/security')).status).toBe(404);
    expect((await browser.get('/mfa.css')).text).toContain('--mfa-accent');
  });

  it('shows refusals plainly, and signs in as far as it can', async () => {
    const visitor = await demo.newBrowser().get('/profile');
    expect([visitor.status, visitor.text]).toEqual([
      401,
      expect.stringContaining('<code>unauthenticated</code>'),
    ]);
    expect(visitor.headers.get('www-authenticate')).toBe('Bearer');
    const { browser, api } = await demo.signUp('ada@example.com');
    expect(textOf((await browser.get('/profile')).text)).toContain('Signed in as ada@example.com');
    const reports = await browser.get('/reports');
    expect([reports.status, reports.text]).toEqual([403, expect.stringContaining('mfa_enrollment_required')]);
    expect((await api.get('/reports')).body.code).toBe('mfa_enrollment_required');
    const secret = await addApp(api);

    const again = demo.newBrowser();
    const login = await again.form('/login', { email: 'ada@example.com', password, next: '/reports' });
    expect([login.status, location(login)]).toEqual([303, '/reports']);
    const owed = await again.get('/reports');
    expect([owed.status, textOf(owed.text)]).toEqual([401, expect.stringContaining('Second factor owed')]);
    const finished = apiOf(again);
    expect((await finished.post('/mfa/authenticate', { code: codeOf(secret, 1) })).status).toBe(200);
    expect((await finished.get('/reports')).status).toBe(200);
  });
});

describe('the pages in the configuration of the demo', () => {
  const pagesOf = (environment: Record<string, string>) =>
    readConfig({ DATABASE_URL: 'sqlite::memory:', MFA_SECRET: SECRET, ...environment }).mfa.pages;
  const site = { loginUrl: '/login', homeUrl: '/', stylesheet: '/demo.css', icon: '/logo.svg' };

  it.each([
    [{}, site],
    [{ MFA_PAGES: 'true' }, site],
    [{ MFA_PAGES: 'false' }, false],
    [{ MFA_CONTROLLERS: 'false' }, false],
    [{ MFA_SESSION_COOKIE: 'false' }, false],
    // The library says what is wrong with it.
    [{ MFA_PAGES: 'maybe' }, 'maybe'],
  ])('%j', (environment, pages) => {
    expect(pagesOf(environment as Record<string, string>)).toEqual(pages);
  });
});
