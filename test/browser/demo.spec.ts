import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { generateSync } from 'otplib';
import type { Browser, Page } from 'playwright-core';

import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import { axeViolations } from '../support/axe.js';
import { VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';

const SCREENSHOTS = 'coverage/screenshots/demo';
const WIDTHS = [320, 768, 1280];
const SCHEMES = ['light', 'dark'] as const;
const password = 'correct horse battery';

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const describeInBrowser = hasChromium ? describe : describe.skip;

/** One visitor goes through the demo as its first page says, and every page on the way is looked at. */
describeInBrowser('the pages of the demo in Chromium', () => {
  let app: INestApplication;
  let browser: Browser;
  let page: Page;
  let key: VirtualAuthenticator;
  let url: string;
  /** What the content security policy refused, and errors of scripts. */
  const problems: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    const port = await freePort();
    const { database, mfa } = readConfig({
      PORT: String(port),
      DATABASE_URL: 'sqlite::memory:',
      MFA_SECRET: randomBytes(32).toString('base64url'),
      MFA_PASSKEY_LOGIN: 'true',
    });
    app = await createDemo({ database, mfa }, { logger: false });
    await app.listen(port, 'localhost');
    url = `http://localhost:${port}`;
    browser = await launchChromium();
    page = await (await browser.newContext({ baseURL: url })).newPage();
    page.setDefaultTimeout(8_000);
    page.on('console', (message) => {
      // The browser also reports refused requests here; some of those are what the tests are about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        problems.push(`${page.url()}: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) foreign.push(request.url());
    });
    key = await VirtualAuthenticator.add(page, 'usb');
    mkdirSync(SCREENSHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** Looks at the page that is open: with axe, for sideways scrolling, and in pictures. */
  async function expectGoodPage(name: string): Promise<void> {
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect({ name, width, overflow: Math.max(0, overflow) }).toEqual({ name, width, overflow: 0 });
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      expect({ name, violations: await axeViolations(page) }).toEqual({ name, violations: [] });
    }
  }

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
    await expectGoodPage('home');
    await click('Create account', 'link');
    await at('/register');
    await expectGoodPage('register');

    // What the browser itself would catch is sent all the same, to see what the page says.
    await page.evaluate(() => document.querySelector('form')?.setAttribute('novalidate', ''));
    await page.fill('#email', 'ada');
    await page.fill('#password', 'short');
    await click('Create account');
    await page.getByRole('alert').first().waitFor();
    expect(await page.locator('#email').evaluate((field) => field === document.activeElement)).toBe(true);
    await expectGoodPage('register-refused');

    await page.fill('#email', 'ada@example.com');
    await page.fill('#password', password);
    await click('Create account');
    await at('/profile');
    await expectGoodPage('profile');
    await page.goto('/');
    await expectGoodPage('home-signed-in');
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
    await expectGoodPage('reports');
    await page.goto('/feed');
    await expectGoodPage('feed');
    await page.goto('/vault');
    await at('/account/security/enrol');
    await click('Add a security key or passkey', 'link');
    await page.locator('main form button.mfa-primary').click();
    await at('/vault');
    await expectGoodPage('vault');
    await page.goto('/staff');
    await expectGoodPage('error-403');
    await page.goto('/outbox');
    await expectGoodPage('outbox');
  }, 120_000);

  it('signs out, and in again with the second factor', async () => {
    await page.goto('/profile');
    await expectGoodPage('profile-proven');
    await click('Sign out');
    await at('/');
    await page.goto('/reports');
    await at('/login');
    await expectGoodPage('login');
    await page.fill('#email', 'ada@example.com');
    await page.fill('#password', 'wrong password');
    await click('Sign in');
    await page.getByRole('alert').waitFor();
    await expectGoodPage('login-refused');
    await signIn('ada@example.com');
    await at('/account/security/authenticate');
    await click('Use a security key or passkey');
    await at('/reports');
    await page.goto('/login');
    await expectGoodPage('login-signed-in');
    await page.goto('/nowhere');
    await expectGoodPage('error-404');
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
    await expectGoodPage('staff');
    await page.goto('/profile');
    await expectGoodPage('profile-staff');
    await expect(key.credentials()).resolves.toHaveLength(2);
  }, 120_000);

  it('found nothing that the content security policies refused, and sent nothing elsewhere', () => {
    expect({ problems, foreign }).toEqual({ problems: [], foreign: [] });
  });
});
