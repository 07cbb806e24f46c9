import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { Browser, Page } from 'playwright-core';

import { SharedContext, VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import { fail, openClientPage, run } from '../support/client-page.js';
import { startDemo } from '../support/demo-app.js';

const GRACE_SECONDS = 4;
const PASSKEY_OPTIONS = '**/mfa/passkey/options';
const password = 'correct horse battery';

const describeInBrowser = hasChromium ? describe : describe.skip;

describeInBrowser('nestjs-mfa/browser in Chromium', () => {
  let app: INestApplication;
  let browser: Browser;
  let shared: SharedContext;
  let url: string;
  const problems: string[] = [];

  beforeAll(async () => {
    ({ app, url } = await startDemo({
      MFA_PASSKEY_LOGIN: 'true',
      MFA_PASSKEY_SIGN_UP: 'true',
      MFA_GRACE_PERIOD_SECONDS: String(GRACE_SECONDS),
    }));
    browser = await launchChromium();
    shared = await SharedContext.open(browser, url);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  /** An empty page of the application's origin that has the client. */
  async function openPage(): Promise<Page> {
    const page = await (await shared.begin()).newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await openClientPage(page, url);
    return page;
  }

  let users = 0;

  async function post(page: Page, path: string, body: object): Promise<{ status: string }> {
    return page.evaluate(
      async ([path, body]) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(path, { method: 'POST', headers, body });
        return (await response.json()) as { status: string };
      },
      [path, JSON.stringify(body)] as const,
    );
  }

  /** A page with a new account that is signed in. */
  async function signUp(kind: 'usb' | 'internal') {
    const page = await openPage();
    const key = await VirtualAuthenticator.add(page, kind);
    users += 1;
    const credentials = { email: `client-${users}@example.com`, password };
    await post(page, '/auth/register', credentials);
    const login = () => post(page, '/auth/login', credentials);
    await login();
    return { page, key, login, email: credentials.email };
  }

  /** The same with a passkey, signed out again. */
  async function signUpWithPasskey() {
    const user = await signUp('internal');
    await run(user.page, ({ mfa }) => mfa.addSecurityKey({ passwordless: true }));
    await run(user.page, ({ mfa }) => mfa.endSession());
    return user;
  }

  const waitForOptions = (page: Page) => page.waitForResponse(PASSKEY_OPTIONS);

  it('registers a key, signs in with it, and steps up when a request asks for it', async () => {
    const { page, login } = await signUp('usb');
    const { authenticator, recoveryCodes } = await run(page, ({ mfa }) =>
      mfa.addSecurityKey({ name: 'My key' }),
    );
    expect(authenticator).toMatchObject({ type: 'webauthn', name: 'My key' });
    expect(recoveryCodes).toHaveLength(10);
    await expect(run(page, ({ mfa }) => mfa.listAuthenticators('webauthn'))).resolves.toMatchObject([
      { name: 'My key', passwordless: false, transports: ['usb'] },
    ]);

    await run(page, ({ mfa }) => mfa.endSession());
    expect((await login()).status).toBe('mfa_required');
    const signIn = await run(page, ({ mfa }) => mfa.authenticateWithKey());
    expect(signIn.status).toBe('authenticated');
    expect(signIn.proven.map(({ method }) => method)).toEqual(['pwd', 'webauthn']);

    await new Promise((resolve) => setTimeout(resolve, (GRACE_SECONDS + 1) * 1000));
    const [statuses, runs] = await run(page, async ({ client, mfa }) => {
      let runs = 0;
      const stepUp = client.withStepUp(fetch, async () => {
        runs += 1;
        await mfa.authenticateWithKey();
      });
      const answers = await Promise.all(['/vault', '/vault', '/vault'].map((path) => stepUp(path)));
      return [answers.map(({ status }) => status), runs] as const;
    });
    expect(statuses).toEqual([200, 200, 200]);
    expect(runs).toBe(1);
  }, 60_000);

  it('does not register the same key twice', async () => {
    const { page } = await signUp('usb');
    await run(page, ({ mfa }) => mfa.addSecurityKey());
    await expect(fail(page, ({ mfa }) => mfa.addSecurityKey())).resolves.toMatchObject({
      code: 'already_registered',
      status: 0,
      cause: 'InvalidStateError',
    });
  }, 30_000);

  it('signs in with a passkey that is at hand, and says where there is none', async () => {
    const { page } = await signUpWithPasskey();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const signInNow = () => run(page, ({ mfa }) => mfa.signInWithPasskeyImmediately());
    // A browser that has it, as far as the page can tell. It asks the real one, which may not.
    const pretend = (outcome: string) =>
      page.evaluate((outcome) => {
        const real = CredentialsContainer.prototype.get.bind(navigator.credentials);
        PublicKeyCredential.getClientCapabilities = () =>
          Promise.resolve({ immediateGet: outcome !== 'unknown' });
        navigator.credentials.get = ({
          uiMode,
          ...options
        }: CredentialRequestOptions & { uiMode?: string } = {}) => {
          if (uiMode !== 'immediate') return Promise.reject(new Error('It was not asked for immediately'));
          if (options.publicKey?.allowCredentials?.length)
            return Promise.reject(new Error('It named credentials'));
          return outcome === 'at hand' ? real(options) : Promise.reject(new DOMException('', outcome));
        };
      }, outcome);
    await pretend('unknown');
    expect(await signInNow()).toBeNull();
    expect(requests).toEqual([]);
    await pretend('NotAllowedError');
    expect(await signInNow()).toBeNull();
    await pretend('SecurityError');
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskeyImmediately())).resolves.toMatchObject({
      code: 'ceremony_failed',
      cause: 'SecurityError',
    });
    await pretend('at hand');
    expect(await signInNow()).toMatchObject({ status: 'authenticated', proven: [{ method: 'webauthn' }] });
  });

  it('does the same with the browser as it is', async () => {
    const { page } = await signUpWithPasskey();
    const isCapable = await page.evaluate(
      async () => (await PublicKeyCredential.getClientCapabilities())['immediateGet'] === true,
    );
    // Whatever this one can do, it ends in a sign-in or in nothing.
    const signedIn = await run(page, ({ mfa }) => mfa.signInWithPasskeyImmediately());
    expect(signedIn === null || signedIn.status === 'authenticated').toBe(true);
    expect(isCapable || signedIn === null).toBe(true);
  });

  it('makes an account with a passkey, which signs in from then on', async () => {
    const page = await openPage();
    const key = await VirtualAuthenticator.add(page, 'internal');
    const made = await run(page, ({ mfa }) =>
      mfa.signUpWithPasskey({ name: 'new@example.com', displayName: 'New' }),
    );
    expect(made).toMatchObject({ status: 'authenticated', authenticator: { type: 'webauthn' } });
    expect(made.recoveryCodes).toHaveLength(10);
    await run(page, ({ mfa }) => mfa.endSession());
    await expect(run(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject({
      status: 'authenticated',
    });
    // Taken: as if the ceremony had failed.
    await expect(
      fail(page, ({ mfa }) => mfa.signUpWithPasskey({ name: 'new@example.com' })),
    ).resolves.toMatchObject({
      code: 'webauthn_failed',
      status: 400,
    });
    // What was made for it is not offered any more.
    expect(await key.credentials()).toHaveLength(1);
  });

  it('signs in with a passkey, by button and by autofill', async () => {
    const { page } = await signUpWithPasskey();
    await expect(run(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject({
      status: 'authenticated',
    });
    await run(page, ({ mfa }) => mfa.endSession());
    await expect(run(page, ({ client }) => client.supportsPasskeyAutofill())).resolves.toBe(true);
    await expect(run(page, ({ mfa }) => mfa.signInWithPasskeyAutofill())).resolves.toMatchObject({
      status: 'authenticated',
    });
    await expect(run(page, ({ mfa }) => mfa.status())).resolves.toMatchObject({ verified: true });
  }, 30_000);

  it('says that a ceremony was cancelled, by the user or by the page', async () => {
    const { page, key } = await signUpWithPasskey();
    await key.setUserVerified(false);
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject({
      code: 'ceremony_cancelled',
      cause: 'NotAllowedError',
    });

    await key.setUserVerified(true);
    await key.setPresent(false);
    const options = waitForOptions(page);
    const cancelled = fail(page, ({ mfa }) => {
      const abort = new AbortController();
      Object.assign(window, { abort });
      return mfa.signInWithPasskey({ signal: abort.signal });
    });
    await options;
    await page.evaluate(
      'new Promise((resolve) => setTimeout(resolve, 300)).then(() => window.abort.abort())',
    );
    await expect(cancelled).resolves.toMatchObject({ code: 'ceremony_cancelled', status: 0 });

    // Before the server was asked, and between its answer and the ceremony.
    await expect(
      fail(page, ({ mfa }) => mfa.signInWithPasskey({ signal: AbortSignal.abort() })),
    ).resolves.toMatchObject({ code: 'ceremony_cancelled' });
    await expect(
      fail(page, ({ client }) =>
        client.getCredential({ challenge: 'AAAA', rpId: 'localhost' }, AbortSignal.abort()),
      ),
    ).resolves.toMatchObject({ code: 'ceremony_cancelled' });
  }, 30_000);

  it('ends autofill when it is aborted, also before the ceremony has begun', async () => {
    const { page, key } = await signUpWithPasskey();
    await key.setPresent(false);
    for (const delay of [0, 300]) {
      const options = waitForOptions(page);
      const aborted = fail(page, ({ mfa }) => {
        const abort = new AbortController();
        Object.assign(window, { abort });
        return mfa.signInWithPasskeyAutofill({ signal: abort.signal });
      });
      await options;
      await page.waitForTimeout(delay);
      await page.evaluate('window.abort.abort()');
      await expect(aborted).resolves.toMatchObject({ code: 'ceremony_cancelled', cause: 'AbortError' });
    }
  }, 30_000);

  it('ends autofill that is aborted while the browser still says whether it has it', async () => {
    const { page, key } = await signUpWithPasskey();
    await key.setPresent(false);
    await expect(
      fail(page, ({ mfa }) => {
        const abort = new AbortController();
        const original = PublicKeyCredential.isConditionalMediationAvailable.bind(PublicKeyCredential);
        let questions = 0;
        PublicKeyCredential.isConditionalMediationAvailable = () => {
          questions += 1;
          // The first one is the client's, before it asks the server; the second one comes with the ceremony.
          if (questions === 2) queueMicrotask(() => abort.abort());
          return original();
        };
        return mfa.signInWithPasskeyAutofill({ signal: abort.signal });
      }),
    ).resolves.toMatchObject({ code: 'ceremony_cancelled', cause: 'AbortError' });
  }, 10_000);

  it('gives up autofill for a ceremony that was asked for', async () => {
    const { page, key } = await signUpWithPasskey();
    await key.setPresent(false);
    const options = waitForOptions(page);
    const autofill = fail(page, ({ mfa }) => mfa.signInWithPasskeyAutofill());
    await options;
    await page.waitForTimeout(300);
    // What is pending now stays so: a touch only counts for ceremonies that begin after it.
    await key.setPresent(true);
    const button = run(page, ({ mfa }) => mfa.signInWithPasskey());
    await expect(autofill).resolves.toMatchObject({ code: 'ceremony_cancelled' });
    await expect(button).resolves.toMatchObject({ status: 'authenticated' });
  }, 30_000);

  it('never closes a dialogue for an offer in the background that comes late', async () => {
    const { page, key } = await signUpWithPasskey();
    await key.setPresent(false);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(
      PASSKEY_OPTIONS,
      async (route) => {
        await held;
        await route.continue();
      },
      { times: 1 },
    );
    const asked = page.waitForRequest(PASSKEY_OPTIONS);
    const autofill = fail(page, ({ mfa }) => mfa.signInWithPasskeyAutofill());
    await asked;
    const options = waitForOptions(page);
    await run(page, ({ mfa, promises }) => {
      promises['dialogue'] = mfa.signInWithPasskey().catch(() => 'closed');
    });
    await options;
    await page.waitForTimeout(300);
    release();
    await expect(autofill).resolves.toMatchObject({ code: 'ceremony_cancelled' });
    await expect(
      run(page, ({ promises }) => {
        const open = new Promise((resolve) => setTimeout(() => resolve('open'), 500));
        return Promise.race([promises['dialogue'], open]);
      }),
    ).resolves.toBe('open');
  }, 30_000);

  it('renews the challenge of an offer before it expires', async () => {
    const { page, key } = await signUpWithPasskey();
    await page.clock.install();
    await key.setPresent(false);
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/mfa/passkey/options')) asked += 1;
    });
    const first = waitForOptions(page);
    const signIn = run(page, ({ mfa }) => mfa.signInWithPasskeyAutofill());
    await first;
    await page.waitForTimeout(300);
    await page.clock.fastForward(230_000);
    await page.waitForTimeout(300);
    expect(asked).toBe(1);
    await key.setPresent(true);
    await page.clock.fastForward(20_000);
    await expect(signIn).resolves.toMatchObject({ status: 'authenticated' });
    expect(asked).toBe(2);
  }, 30_000);

  it('removes a passkey from the browser too, and keeps its names up to date', async () => {
    const { page, key, email } = await signUp('internal');
    const { authenticator } = await run(page, ({ mfa }) => mfa.addSecurityKey({ passwordless: true }));
    const signalled = await run(
      page,
      async ({ mfa }, id) => {
        const names: string[] = [];
        const original = PublicKeyCredential.signalCurrentUserDetails.bind(PublicKeyCredential);
        PublicKeyCredential.signalCurrentUserDetails = (details) => {
          names.push(details.name);
          return original(details);
        };
        await mfa.renameAuthenticator(id, 'Laptop');
        return names;
      },
      authenticator.id,
    );
    expect(signalled).toEqual([email]);
    await expect(key.credentials()).resolves.toHaveLength(1);
    await run(page, ({ mfa }, id) => mfa.removeAuthenticator(id), authenticator.id);
    await expect(key.credentials()).resolves.toHaveLength(0);
  }, 30_000);

  it('makes the browser forget a passkey that nobody here has', async () => {
    const { page, key } = await signUp('internal');
    const { authenticator } = await run(page, ({ mfa }) => mfa.addSecurityKey({ passwordless: true }));
    await page.evaluate((id) => fetch(`/mfa/authenticators/${id}`, { method: 'DELETE' }), authenticator.id);
    await expect(key.credentials()).resolves.toHaveLength(1);
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject({
      code: 'webauthn_failed',
      status: 400,
      unknownCredential: { rpId: 'localhost' },
    });
    await expect(key.credentials()).resolves.toHaveLength(0);
  }, 30_000);

  it('does without signals where the browser has none', async () => {
    const { page, key } = await signUp('internal');
    const { authenticator } = await run(page, ({ mfa }) => mfa.addSecurityKey({ passwordless: true }));
    await run(
      page,
      async ({ mfa }, id) => {
        for (const name of [
          'signalAllAcceptedCredentials',
          'signalCurrentUserDetails',
          'signalUnknownCredential',
        ]) {
          Object.defineProperty(PublicKeyCredential, name, { value: undefined });
        }
        await mfa.removeAuthenticator(id);
      },
      authenticator.id,
    );
    await expect(key.credentials()).resolves.toHaveLength(1);
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject({
      code: 'webauthn_failed',
    });
  }, 30_000);

  it('says what this browser, or this key, can not do', async () => {
    const { page } = await signUp('usb');
    await expect(
      fail(page, ({ client }) =>
        client.createCredential({
          rp: { id: 'localhost', name: 'Test' },
          user: { id: 'AAAA', name: 'a', displayName: 'a' },
          challenge: 'AAAA',
          pubKeyCredParams: [{ type: 'of the future' as 'public-key', alg: -7 }],
        }),
      ),
    ).resolves.toMatchObject({ code: 'not_supported', cause: 'NotSupportedError' });
    await expect(
      fail(page, ({ client }) => client.getCredential({ challenge: 'AAAA', rpId: 'example.com' })),
    ).resolves.toMatchObject({ code: 'ceremony_failed', cause: 'SecurityError' });

    await page.evaluate(() => {
      Object.defineProperty(PublicKeyCredential, 'isConditionalMediationAvailable', { value: undefined });
    });
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskeyAutofill())).resolves.toMatchObject({
      code: 'not_supported',
    });
    await page.evaluate(() => Object.defineProperty(window, 'PublicKeyCredential', { value: undefined }));
    await expect(fail(page, ({ mfa }) => mfa.addSecurityKey())).resolves.toMatchObject({
      code: 'not_supported',
    });
    await expect(run(page, ({ client }) => client.supportsWebAuthn())).resolves.toBe(false);
  }, 30_000);

  it('found no error in the pages', () => {
    expect(problems).toEqual([]);
  });
});
