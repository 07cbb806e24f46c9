import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import type { Browser, Page } from 'playwright-core';

import { SharedContext, VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import { startDemo } from '../support/demo-app.js';

const GRACE_SECONDS = 4;
const SCREENSHOTS = 'coverage/screenshots';
const password = 'correct horse battery';

const describeInBrowser = hasChromium ? describe : describe.skip;

describeInBrowser('WebAuthn in Chromium', () => {
  let app: INestApplication;
  let browser: Browser;
  let shared: SharedContext;
  let url: string;
  const problems: string[] = [];

  beforeAll(async () => {
    ({ app, url } = await startDemo({
      MFA_PASSKEY_LOGIN: 'true',
      MFA_GRACE_PERIOD_SECONDS: String(GRACE_SECONDS),
    }));
    browser = await launchChromium();
    shared = await SharedContext.open(browser, url);
    mkdirSync(SCREENSHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  let users = 0;

  async function openPage(): Promise<Page> {
    const page = await (await shared.begin()).newPage();
    page.on('console', (message) => {
      // The browser also reports refused requests here; those are what the tests are about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        problems.push(message.text());
      }
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return page;
  }

  /** A page with a new account that is signed in. */
  async function signUp(kind: 'usb' | 'internal') {
    const page = await openPage();
    const key = await VirtualAuthenticator.add(page, kind);
    await page.goto(`${url}/playground`);
    users += 1;
    await page.fill('#email', `browser-${users}@example.com`);
    await page.fill('#password', password);
    await press(page, 'Create account', /POST \/auth\/login → 200/);
    return { page, key };
  }

  /** Presses a button and waits for the answer that it leads to. */
  async function press(page: Page, name: string, answer: RegExp): Promise<string> {
    await page.locator('#answer').evaluate((element) => (element.textContent = ''));
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.locator('#answer', { hasText: answer }).waitFor({ timeout: 8_000 });
    return (await page.locator('#answer').textContent()) ?? '';
  }

  const who = async (page: Page, text: string) =>
    page.locator('#who', { hasText: text }).waitFor({ timeout: 8_000 });
  async function signInAgain(page: Page): Promise<string> {
    await press(page, 'Sign out', /POST \/auth\/logout → 204/);
    await page.locator('#answer').evaluate((element) => (element.textContent = ''));
    await page.locator('button[value=login]').click();
    await page.locator('#answer', { hasText: '/auth/login → 200' }).waitFor();
    return (await page.locator('#answer').textContent()) ?? '';
  }

  it('begins with no answer, also where nothing offers passkeys, and with each box beside its label', async () => {
    const page = await openPage();
    const offered = page.waitForResponse((response) => response.url().endsWith('/mfa/passkey/options'));
    await page.goto(`${url}/playground`);
    await offered;
    await page.waitForLoadState('networkidle');
    expect(await page.locator('#answer').textContent()).toBe('–');
    const box = await page.locator('#trust').boundingBox();
    const label = await page.locator('label:has(#trust)').evaluate((element) => {
      const range = document.createRange();
      range.selectNodeContents(element.lastElementChild?.previousSibling as Node);
      return range.getClientRects()[0]?.top ?? 0;
    });
    expect(Math.abs((box?.y ?? 0) - label)).toBeLessThan(box?.height ?? 0);
  }, 60_000);

  it('registers a USB key without user verification, signs in with it, and steps up', async () => {
    const { page } = await signUp('usb');
    const registered = await press(page, 'Add a security key', /POST \/mfa\/webauthn → 201/);
    expect(registered).toContain('Master key');
    await who(page, 'second factor proven');
    await page.screenshot({ path: `${SCREENSHOTS}/demo-key-added.png`, fullPage: true });
    expect(await press(page, 'Vault', /GET \/vault → 200/)).toContain('Only a security key');

    expect(await signInAgain(page)).toContain('mfa_required');
    await who(page, 'Not signed in');
    await press(page, 'Use a security key', /POST \/mfa\/authenticate\/webauthn → 200/);
    await press(page, 'Vault', /GET \/vault → 200/);

    await new Promise((resolve) => setTimeout(resolve, (GRACE_SECONDS + 1) * 1000));
    expect(await press(page, 'Vault', /GET \/vault → 401/)).toContain('mfa_required');
    await press(page, 'Use a security key', /POST \/mfa\/authenticate\/webauthn → 200/);
    await press(page, 'Vault', /GET \/vault → 200/);
  }, 60_000);

  it('does not register the same key twice', async () => {
    const { page } = await signUp('usb');
    await press(page, 'Add a security key', /POST \/mfa\/webauthn → 201/);
    expect(await press(page, 'Add a security key', /Error/)).toContain('InvalidStateError');
  }, 30_000);

  it('signs in with a passkey alone, by button and by autofill', async () => {
    const { page, key } = await signUp('internal');
    await press(page, 'Add a passkey', /POST \/mfa\/webauthn → 201/);
    const [credential] = await key.credentials();
    expect(credential).toMatchObject({ isResidentCredential: true, rpId: 'localhost' });

    await press(page, 'Sign out', /POST \/auth\/logout → 204/);
    await press(page, 'Sign in with a passkey', /POST \/mfa\/passkey → 200/);
    await who(page, 'second factor proven');
    await press(page, 'Vault', /GET \/vault → 200/);

    await press(page, 'Sign out', /POST \/auth\/logout → 204/);
    // The page asks for autofill when it opens; the user then picks the passkey in the email field.
    await page.reload();
    await who(page, 'second factor proven');
    expect(await page.locator('#answer').textContent()).toContain('POST /mfa/passkey → 200');
  }, 60_000);

  it('signs nobody in when the user is not verified', async () => {
    const { page, key } = await signUp('internal');
    await press(page, 'Add a passkey', /POST \/mfa\/webauthn → 201/);
    await press(page, 'Sign out', /POST \/auth\/logout → 204/);
    await key.setUserVerified(false);
    expect(await press(page, 'Sign in with a passkey', /Error/)).toContain('NotAllowedError');
    await who(page, 'Not signed in');
  }, 30_000);

  it('signs in alone with a second factor that is discoverable and checks its user', async () => {
    const { page, key } = await signUp('internal');
    await press(page, 'Add a security key', /POST \/mfa\/webauthn → 201/);
    const [credential] = await key.credentials();
    expect(credential).toMatchObject({ isResidentCredential: true });
    await press(page, 'Sign out', /POST \/auth\/logout → 204/);
    await press(page, 'Sign in with a passkey', /POST \/mfa\/passkey → 200/);
    await who(page, 'second factor proven');
  }, 30_000);

  it('refuses a key whose counter goes back', async () => {
    const { page, key } = await signUp('usb');
    await press(page, 'Add a security key', /POST \/mfa\/webauthn → 201/);
    await press(page, 'Use a security key', /POST \/mfa\/authenticate\/webauthn → 200/);
    const [credential] = await key.credentials();
    if (!credential) throw new Error('The virtual authenticator is empty');
    await key.replaceCredential({ ...credential, rpId: 'localhost' }, 0);
    const answer = await press(page, 'Use a security key', /POST \/mfa\/authenticate\/webauthn → 400/);
    expect(answer).toContain('webauthn_failed');
  }, 30_000);

  it('removes a passkey, here and from the authenticator', async () => {
    const { page, key } = await signUp('internal');
    await press(page, 'Add a passkey', /POST \/mfa\/webauthn → 201/);
    await expect(key.credentials()).resolves.toHaveLength(1);
    await press(page, 'Remove Master key', /GET \/mfa\/webauthn\/signals → 200/);
    await who(page, 'no second factor');
    await expect(key.credentials()).resolves.toHaveLength(0);
    expect(await signInAgain(page)).toContain('"status": "authenticated"');
  }, 30_000);

  it('found no error in the browser, and nothing that the content security policy refused', () => {
    expect(problems).toEqual([]);
  });
});
