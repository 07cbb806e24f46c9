import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { generateSync } from 'otplib';
import type { Browser, Page } from 'playwright-core';

import { VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import { startDemo } from '../support/demo-app.js';
import { NOTHING, PageInspector } from '../support/page-inspector.js';

const password = 'correct horse battery';

const describeInBrowser = hasChromium ? describe : describe.skip;

/** One visitor goes through the demo as its first page says, and every page on the way is looked at. */
describeInBrowser('the pages of the demo in Chromium', () => {
  let app: INestApplication;
  let browser: Browser;
  let page: Page;
  let key: VirtualAuthenticator;
  let url: string;
  let inspector: PageInspector;

  beforeAll(async () => {
    ({ app, url } = await startDemo({ MFA_PASSKEY_LOGIN: 'true' }));
    browser = await launchChromium();
    inspector = new PageInspector(url);
    const context = await browser.newContext({ baseURL: url });
    await inspector.watch(context);
    page = await context.newPage();
    page.setDefaultTimeout(8_000);
    key = await VirtualAuthenticator.add(page, 'usb');
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const look = (name: string) => inspector.look(page, `demo-${name}`);
  const click = (name: string, role: 'button' | 'link' = 'button') =>
    page.getByRole('main').getByRole(role, { name, exact: true }).first().click();
  const at = (path: string) => page.waitForURL((address) => address.pathname === path);
  async function signIn(email: string): Promise<void> {
    await page.fill('#email', email);
    await page.fill('#password', password);
    await click('Sign in');
  }

  it('begins with what there is to try, and creates an account', async () => {
    await page.goto('/');
    await look('home');
    await click('Create account', 'link');
    await at('/register');
    await look('register');

    // What the browser itself would catch is sent all the same, to see what the page says.
    await page.evaluate(() => document.querySelector('form')?.setAttribute('novalidate', ''));
    await page.fill('#email', 'ada');
    await page.fill('#password', 'short');
    await click('Create account');
    await page.getByRole('alert').first().waitFor();
    // The browser moves the focus there only when it has drawn the page.
    await page.locator('#email:focus').waitFor();
    await expect(page.locator('#email').getAttribute('aria-invalid')).resolves.toBe('true');
    await look('register-refused');

    await page.fill('#email', 'ada@example.com');
    await page.fill('#password', password);
    await click('Create account');
    await at('/profile');
    await look('profile');
    await page.goto('/');
    await look('home-signed-in');
  }, 120_000);

  it('leads to account security and back to the page that was asked for', async () => {
    await page.goto('/reports');
    await at('/account/security/enrol');
    await click('Set up an authenticator app', 'link');
    const secret = (await page.locator('.mfa-secret').first().textContent()) ?? '';
    await page.fill('[name=code]', generateSync({ secret: secret.replace(/\s/g, '') }));
    await page.locator('main form button.mfa-primary').click();
    await at('/account/security/recovery-codes/generate');
    await page.goto('/reports');
    await look('reports');
    await page.goto('/feed');
    await look('feed');
    await page.goto('/vault');
    await at('/account/security/enrol');
    await click('Add a security key or passkey', 'link');
    await page.locator('main form button.mfa-primary').click();
    await at('/vault');
    await look('vault');
    await page.goto('/staff');
    await look('error-403');
    await page.goto('/outbox');
    await look('outbox');
    // In the reader's time zone, as the library's pages have it.
    const sent = page.locator('article time').first();
    expect(await sent.textContent()).toMatch(/^[A-Z]\w+ \d{1,2}, \d{4}, \d{1,2}:\d\d\s[AP]M$/);
    expect(await sent.getAttribute('title')).toMatch(/ UTC$/);
    await expect(page.getByText('a second factor was added').count()).resolves.toBeGreaterThan(0);
  }, 120_000);

  it('sends a form once, however often its button is pressed', async () => {
    const other = await browser.newPage({ baseURL: url });
    await other.goto('/login');
    const prevented = await other.evaluate(() => {
      const form = document.querySelector('form[method=post]') as HTMLFormElement;
      const submit = () => !form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      return [submit(), submit()];
    });
    expect(prevented).toEqual([false, true]);
    await other.close();
  });

  it('signs out, and in again with the second factor', async () => {
    await page.goto('/profile');
    await look('profile-proven');
    await click('Sign out');
    await at('/');
    await page.goto('/reports');
    await at('/login');
    await look('login');
    await page.fill('#email', 'ada@example.com');
    await page.fill('#password', 'wrong password');
    await click('Sign in');
    await page.getByRole('alert').waitFor();
    await look('login-refused');
    await signIn('ada@example.com');
    await at('/account/security/authenticate');
    await click('Use a security key or passkey');
    await at('/reports');
    await page.goto('/login');
    await look('login-signed-in');
    expect((await page.goto('/nowhere'))?.status()).toBe(404);
    await look('error-404');
  }, 120_000);

  it('shows staff their area', async () => {
    await page.context().clearCookies();
    await page.goto('/register?next=/staff');
    const email = `a-very-long-name-that-has-to-be-broken-somewhere-${'x'.repeat(12)}@staff.example.com`;
    await page.fill('#email', email);
    await page.fill('#password', password);
    await click('Create account');
    await at('/account/security/enrol');
    await click('Add a security key or passkey', 'link');
    await page.locator('main form button.mfa-primary').click();
    await at('/account/security/recovery-codes/generate');
    await page.goto('/staff');
    await look('staff');
    await page.goto('/profile');
    await look('profile-staff');
    await expect(key.credentials()).resolves.toHaveLength(2);
  }, 120_000);

  it('has nothing that axe or the content security policies find fault with, and asks nobody else for anything', () => {
    inspector.report('Demo');
    expect(inspector.found).toEqual(NOTHING);
  });
});
