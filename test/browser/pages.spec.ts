import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { ENGLISH } from 'nestjs-mfa';

import { freePort } from '../../tools/support/free-port.mjs';
import { SharedContext, VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import { PASSWORD, PageAdapter } from '../pages/support.js';
import { NOTHING, PageInspector } from '../support/page-inspector.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, newUserId, startTestApp } from '../support/test-app.js';

const describeInBrowser = hasChromium ? describe : describe.skip;
const PAGES = '/account/security';
describeInBrowser('the pages in Chromium', () => {
  let test: TestApp;
  let browser: Browser;
  let shared: SharedContext;
  let inspector: PageInspector;

  beforeAll(async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    test = await startTestApp({
      port,
      adapter: PageAdapter,
      mfa: {
        pages: true,
        passkeyLogin: true,
        passkeySignUp: true,
        locales: ['en', 'de', { ...ENGLISH, locale: 'he' }],
        totp: { issuer: 'Example', maxPerUser: 2 },
        trustedDevices: { enabled: true },
        webauthn: { rpId: 'localhost', rpName: 'Example', origins: [origin], allowInsecureOrigin: true },
      },
    });
    test.url = origin;
    browser = await launchChromium();
    inspector = new PageInspector(origin);
    shared = await SharedContext.open(browser, `${origin}/public`, { baseURL: origin });
    await inspector.watch(await shared.begin());
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await test.close();
  });

  /** A browser of other settings than the rest has. */
  const open = async (options: BrowserContextOptions): Promise<BrowserContext> => {
    const context = await browser.newContext({ baseURL: test.url, ...options });
    await inspector.watch(context);
    return context;
  };

  /** The application's own sign-in, as its page would do it. */
  const signIn = async (context: BrowserContext, id: string) => {
    const answer = await context.request.post('/login', { data: { id } });
    return (await answer.json()) as { status: string };
  };

  const path = (page: Page) => new URL(page.url()).pathname;
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();

  /** What an authenticator app reads from the picture. */
  const scan = async (page: Page): Promise<string> => {
    const { width, height, data } = PNG.sync.read(await page.getByRole('img').screenshot());
    const url = jsQR.default(new Uint8ClampedArray(data), width, height)?.data ?? '';
    return new URL(url).searchParams.get('secret') ?? '';
  };

  it('leads through the whole story', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    const key = await VirtualAuthenticator.add(page, 'internal');
    const id = newUserId();
    await signIn(context, id);

    // Nothing is set up yet; the report sends its visitor to set something up.
    await page.goto(PAGES);
    await heading(page, 'Account security');
    await inspector.look(page, 'index-empty');
    await page.goto('/protected');
    await heading(page, 'Set up a second factor');
    await inspector.look(page, 'enrol');
    await page.getByRole('link', { name: 'Set up an authenticator app' }).click();

    // The app is added with the secret of the picture.
    await heading(page, 'Set up an authenticator app');
    await inspector.look(page, 'totp-add');
    const secret = await scan(page);
    expect(await page.locator('#secret').textContent()).toBe(secret.replace(/(.{4})(?=.)/g, '$1 '));
    await page.getByLabel('Code').fill('000 000');
    await page.getByLabel('Name (optional)').fill('<img src=x onerror=alert(1)>');
    await press(page, 'Activate');
    await page.getByText('Incorrect code.').waitFor();
    await inspector.look(page, 'totp-add-refused');
    expect(await page.getByLabel('Code').getAttribute('aria-describedby')).toContain('code-error');
    const code = codeOf(secret, test.clock);
    await page.getByLabel('Code').fill(` ${code.slice(0, 3)} ${code.slice(3)} `);
    await press(page, 'Activate');

    // Its codes are shown once, and not left by accident.
    await heading(page, 'Save your recovery codes');
    await inspector.look(page, 'recovery-codes-new');
    const codes = await page.locator('.mfa-codes code').allTextContents();
    expect(codes).toHaveLength(10);
    let asked = 0;
    page.on('dialog', (dialog) => {
      asked += 1;
      void dialog.dismiss();
    });
    // A browser asks only after its user has done something on the page.
    await page.getByRole('heading', { level: 1 }).click();
    await page.evaluate((url) => location.assign(url), PAGES).catch(() => undefined);
    await page.waitForTimeout(300);
    expect(asked).toBe(1);
    expect(path(page)).toBe(`${PAGES}/recovery-codes/generate`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as text' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('recovery-codes.txt');
    const file = readFileSync(await download.path(), 'utf8');
    expect(file).toContain(codes.join('\n'));
    expect(file).toContain(`${id}@example.com`);
    await press(page, 'Continue');
    expect(path(page)).toBe(`${PAGES}/recovery-codes/generate`);
    await page.getByLabel('I have saved these codes').check();
    await press(page, 'Continue');
    await page.waitForURL('**/protected');
    expect(await page.textContent('body')).toBe('plain');
    expect(asked).toBe(1);

    await page.goto(PAGES);
    await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor();
    await inspector.look(page, 'index-app');

    // A passkey is added beside it.
    await page.getByRole('link', { name: 'Add a security key or passkey' }).click();
    await heading(page, 'Add a security key or passkey');
    await inspector.look(page, 'webauthn-add');
    await page.getByLabel('Let it sign me in without my password').check();
    await page.getByLabel('Name (optional)').fill('Laptop');
    await press(page, 'Add');
    await page.getByText('The security key or passkey was added.').waitFor();
    await inspector.look(page, 'index-both');
    expect(await key.credentials()).toHaveLength(1);

    // Sign in again with a code, and trust the browser.
    await context.request.delete('/mfa/session');
    expect(await signIn(context, id)).toMatchObject({ status: 'mfa_required' });
    test.clock.advance(60);
    await page.goto('/protected');
    await heading(page, 'Confirm it’s you');
    await inspector.look(page, 'authenticate');
    await page.getByLabel('Code from your authenticator app').fill('123456');
    await press(page, 'Confirm');
    await page.getByText('Incorrect code.').waitFor();
    await inspector.look(page, 'authenticate-refused');
    await page.getByLabel('Trust this browser').check();
    await page.getByLabel('Code from your authenticator app').fill(codeOf(secret, test.clock));
    await press(page, 'Confirm');
    await page.waitForURL('**/protected');
    await context.request.delete('/mfa/session');
    expect(await signIn(context, id)).toMatchObject({ status: 'authenticated' });

    // A trusted browser still steps up, here with the passkey, and comes back.
    await page.goto('/protected/phishing-resistant');
    await heading(page, 'Confirm it’s you');
    await expect(page.getByLabel('Code from your authenticator app').count()).resolves.toBe(0);
    await expect(page.getByLabel('Trust this browser').count()).resolves.toBe(0);
    await inspector.look(page, 'authenticate-key-only');
    await press(page, 'Use a security key or passkey');
    await page.waitForURL('**/protected/phishing-resistant');

    // The trusted browser is listed and revoked.
    await page.goto(`${PAGES}/trusted-devices`);
    await page.getByText('(this browser)').waitFor();
    await inspector.look(page, 'trusted-devices');
    await press(page, 'Remove trust');
    await page.getByText('The browser is no longer trusted.').waitFor();
    await inspector.look(page, 'trusted-devices-none');

    // A recovery code in place of the app.
    await context.request.delete('/mfa/session');
    expect(await signIn(context, id)).toMatchObject({ status: 'mfa_required' });
    await page.goto(`${PAGES}/authenticate`);
    await page.getByRole('link', { name: 'Use a recovery code' }).click();
    await inspector.look(page, 'authenticate-recovery-code');
    await page.getByLabel('Recovery code', { exact: true }).fill(codes[0] as string);
    await press(page, 'Confirm');
    await page.getByText('9 of 10 recovery codes left').waitFor();

    // The phone is lost, and found.
    await page.getByRole('link', { name: 'Lost it?' }).first().click();
    await heading(page, 'Report a lost second factor');
    await inspector.look(page, 'lost');
    await press(page, 'Report as lost');
    await page.getByText('Reported as lost: can’t').waitFor();
    await inspector.look(page, 'index-suspended');
    await page.getByRole('link', { name: 'Use it again' }).click();
    await heading(page, 'Use a second factor again');
    await inspector.look(page, 'found');
    await press(page, 'Use it again');
    await page.getByText('The second factor can be used again.').waitFor();
    await page.getByRole('link', { name: 'Recovery codes' }).click();
    await heading(page, 'Recovery codes');
    await inspector.look(page, 'recovery-codes');
    await page.getByRole('link', { name: 'Create new codes' }).click();
    await heading(page, 'Create new recovery codes');
    await inspector.look(page, 'recovery-codes-generate');
    await press(page, 'Create new codes');
    await heading(page, 'Save your recovery codes');
    await page.getByLabel('I have saved these codes').check();
    await press(page, 'Continue');
    await heading(page, 'Account security');

    // Rename the key, and remove both factors.
    await page.getByRole('link', { name: 'Rename Laptop' }).click();
    await inspector.look(page, 'webauthn-edit');
    await page.getByLabel('Name').fill('Old laptop');
    await press(page, 'Save');
    await page.getByText('The new name was saved.').waitFor();
    await page.getByRole('link', { name: 'Remove Old laptop' }).click();
    await heading(page, 'Remove a key');
    await inspector.look(page, 'webauthn-remove');
    await press(page, 'Remove');
    await page.getByText('The second factor was removed.').waitFor();
    for (let tries = 0; tries < 50 && (await key.credentials()).length > 0; tries++)
      await page.waitForTimeout(50);
    expect(await key.credentials()).toHaveLength(0);
    await page.getByRole('link', { name: 'Remove <img' }).click();
    await page.getByText('This is your last second factor').waitFor();
    await inspector.look(page, 'totp-remove');
    await press(page, 'Remove');
    await page.getByText('Two-factor authentication is off.').waitFor();
  }, 240_000);

  it('shows moments in the time of its reader, and those of today without the day', async () => {
    const context = await open({ locale: 'en-US', timezoneId: 'Asia/Tokyo' });
    const page = await context.newPage();
    await signIn(context, newUserId());
    await page.goto(`${PAGES}/totp/add`);
    const expires = page.locator('time[data-mfa-local=soon]');
    const at = Date.parse((await expires.getAttribute('datetime')) ?? '');
    const shownOn = async (now: number) => {
      await page.clock.setFixedTime(now);
      await page.reload();
      return expires.textContent();
    };
    const time = /^\d{1,2}:\d\d\s[AP]M$/;
    expect(await shownOn(at)).toMatch(time);
    expect(await shownOn(at - 86_400_000)).toMatch(/^[A-Z]\w+ \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M$/);
    expect(await expires.getAttribute('title')).toMatch(/ UTC$/);
    await context.close();
  }, 60_000);

  it('signs in with a passkey, by the button and among the suggestions', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    const key = await VirtualAuthenticator.add(page, 'internal');
    await signIn(context, newUserId());
    await page.goto(`${PAGES}/webauthn/add`);
    await page.getByLabel('Let it sign me in without my password').check();
    await press(page, 'Add');
    await heading(page, 'Save your recovery codes');

    await context.request.delete('/mfa/session');
    // Without presence nothing is picked from the suggestions yet.
    await key.setPresent(false);
    await page.goto(`${PAGES}/passkey?next=%2Fprotected`);
    await inspector.look(page, 'passkey');
    await key.setPresent(true);
    await press(page, 'Sign in with a passkey');
    await page.waitForURL('**/protected');

    await context.request.delete('/mfa/session');
    await page.goto(`${PAGES}/passkey?next=%2Fprotected`);
    await page.waitForURL('**/protected');
    expect(await page.textContent('body')).toBe('plain');

    // What the browser gives up is said in words, and can be tried again.
    await context.request.delete('/mfa/session');
    await key.remove();
    await VirtualAuthenticator.add(page, 'usb');
    await page.goto(`${PAGES}/passkey`);
    await press(page, 'Sign in with a passkey');
    await page.getByText('That didn’t work.').waitFor();
    await inspector.look(page, 'passkey-cancelled');
  }, 120_000);

  it('makes an account with a passkey, and shows its recovery codes', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    await VirtualAuthenticator.add(page, 'internal');
    await page.goto(`${PAGES}/sign-up?next=%2Fprotected`);
    await heading(page, 'Create an account with a passkey');
    await inspector.look(page, 'sign-up');
    await page.getByLabel('Email or user name').fill('new@example.com');
    await press(page, 'Create account');
    await heading(page, 'Save your recovery codes');
    await page.goto('/protected');
    expect(await page.textContent('body')).toBe('plain');
    await context.request.delete('/mfa/session');
    await page.goto(`${PAGES}/passkey?next=%2Fprotected`);
    await page.waitForURL('**/protected');

    await context.request.delete('/mfa/session');
    await page.goto(`${PAGES}/sign-up`);
    await page.getByLabel('Email or user name').fill('taken@example.com');
    await press(page, 'Create account');
    await page.getByText('could not be verified').waitFor();
    expect(await page.getByLabel('Email or user name').inputValue()).toBe('taken@example.com');
  }, 120_000);

  it('asks who has no second factor for the password before one is added', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    await signIn(context, newUserId());
    test.clock.advance(600);
    await page.goto(`${PAGES}/totp/add`);
    await heading(page, 'Enter your password again');
    await inspector.look(page, 'reauthenticate');
    await page.getByLabel('Password').fill('wrong');
    await press(page, 'Continue');
    await page.getByText('Wrong password.').waitFor();
    await inspector.look(page, 'reauthenticate-refused');
    await page.getByLabel('Password').fill(PASSWORD);
    await press(page, 'Continue');
    await heading(page, 'Set up an authenticator app');
    expect(path(page)).toBe(`${PAGES}/totp/add`);
  }, 60_000);

  it('can be used by keyboard alone', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    await signIn(context, newUserId());
    await page.goto(PAGES);
    const tabTo = async (name: string) => {
      for (let tries = 0; tries < 20; tries++) {
        await page.keyboard.press('Tab');
        const text = await page.evaluate(() => document.activeElement?.textContent?.trim());
        if (text === name) return;
      }
      throw new Error(`Tab never reached ${name}`);
    };
    await tabTo('Set up an authenticator app');
    await page.keyboard.press('Enter');
    await heading(page, 'Set up an authenticator app');
    const secret = await scan(page);
    for (let tries = 0; tries < 10; tries++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.id === 'code')) break;
    }
    await page.keyboard.type(codeOf(secret, test.clock));
    await page.keyboard.press('Enter');
    await heading(page, 'Save your recovery codes');
    await tabTo('Download as text');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Account security');
    expect(path(page)).toBe(PAGES);
  }, 60_000);

  it('work without JavaScript, and at twice the size', async () => {
    const context = await open({ javaScriptEnabled: false, viewport: { width: 640, height: 400 } });
    const page = await context.newPage();
    const id = newUserId();
    await signIn(context, id);
    await page.goto('/protected');
    await page.getByRole('link', { name: 'Set up an authenticator app' }).click();
    const secret = await scan(page);
    await page.getByLabel('Code').fill(codeOf(secret, test.clock));
    await press(page, 'Activate');
    await heading(page, 'Save your recovery codes');
    await expect(page.getByRole('button', { name: 'Copy all' }).count()).resolves.toBe(0);
    await page.getByLabel('I have saved these codes').check();
    await press(page, 'Continue');
    await page.waitForURL('**/protected');

    await page.goto(`${PAGES}/webauthn/add`);
    await page.locator('noscript p', { hasText: 'need JavaScript' }).waitFor();
    await expect(page.getByRole('button', { name: 'Add' }).count()).resolves.toBe(0);

    await context.request.delete('/mfa/session');
    await signIn(context, id);
    test.clock.advance(60);
    await page.goto('/protected');
    await page.getByLabel('Code from your authenticator app').fill(codeOf(secret, test.clock));
    await press(page, 'Confirm');
    await page.waitForURL('**/protected');
    await page.goto(PAGES);
    await page.getByRole('link', { name: 'Remove Authenticator app' }).click();
    await press(page, 'Remove');
    await page.getByText('Two-factor authentication is off.').waitFor();
    expect(path(page)).toBe(PAGES);
    await context.close();
  }, 60_000);

  it('reads from right to left where the language does', async () => {
    const context = await open({ locale: 'he' });
    const page = await context.newPage();
    await signIn(context, newUserId());
    await page.goto(`${PAGES}/totp/add`);
    await inspector.look(page, 'totp-add-rtl');
    const side = (selector: string) =>
      page.locator(selector).evaluate((element) => element.getBoundingClientRect().right);
    const [picture, list] = [await side('.mfa-qr'), await side('.mfa-steps')];
    // The picture stands where reading begins.
    expect(list - picture).toBeLessThan(60);
    await context.close();
  }, 60_000);

  it('sends a form once, however often its button is pressed', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    await signIn(context, newUserId());
    await page.goto(`${PAGES}/totp/add`);
    await page.getByLabel('Code').fill(codeOf(await scan(page), test.clock));
    const sent: string[] = [];
    // An answer that takes its time, so that there is time to press again.
    await page.route('**/totp/add', async (route) => {
      sent.push(route.request().method());
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    });
    const button = page.getByRole('button', { name: 'Activate' });
    await button.evaluate((element: HTMLButtonElement) => {
      element.click();
      setTimeout(() => element.click(), 100);
    });
    await heading(page, 'Save your recovery codes');
    expect(sent).toEqual(['POST']);
  }, 60_000);

  it('says it in German too, and how long one has to wait', async () => {
    const context = await open({ locale: 'de-AT' });
    const page = await context.newPage();
    const id = newUserId();
    await signIn(context, id);
    await page.goto(`${PAGES}/totp/add`);
    await heading(page, 'Authenticator-App einrichten');
    await inspector.look(page, 'totp-add-de');
    await page.getByLabel('Code der App').fill(codeOf(await scan(page), test.clock));
    await press(page, 'Aktivieren');
    await heading(page, 'Speichern Sie Ihre Wiederherstellungscodes');
    await context.request.delete('/mfa/session');
    await signIn(context, id);
    await page.goto(`${PAGES}/authenticate`);
    for (let guess = 0; guess < 6; guess++) {
      await page.getByLabel('Code aus Ihrer Authenticator-App').fill('000000');
      await press(page, 'Bestätigen');
    }
    const refusal = await page.getByRole('alert').textContent();
    expect(refusal).toMatch(/^Zu viele Versuche\. Versuchen Sie es nach \d.* erneut\.$/);
    await inspector.look(page, 'authenticate-blocked-de');
    // Half signed in is nobody: account security leads back here.
    await page.goto(PAGES);
    await heading(page, 'Bestätigen Sie, dass Sie es sind');
    await context.close();
  }, 120_000);

  it('says what it has not got', async () => {
    const context = await shared.begin();
    const page = await context.newPage();
    await signIn(context, newUserId());
    expect((await page.goto(`${PAGES}/webauthn/none/edit`))?.status()).toBe(404);
    await page.getByText('Not found.').waitFor();
    await inspector.look(page, 'error');
  }, 60_000);

  it('has nothing that axe or the content security policy finds fault with, and asks nobody else for anything', () => {
    inspector.report('Pages');
    expect(inspector.found).toEqual(NOTHING);
  });
});
