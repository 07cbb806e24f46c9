import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { SignIn } from 'nestjs-mfa/browser';
import { createMfaClient, isMfaClientError, supportsWebAuthn, withStepUp } from 'nestjs-mfa/browser';

import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, newUserId, startTestApp } from '../support/test-app.js';

// What the examples of docs/browser.md take from their page.
let askForCode: (about?: {
  secret?: string;
  qrCode?: string;
  methods?: readonly string[];
}) => Promise<string>;
const shown: unknown[] = [];
const show = (what: unknown): void => void shown.push(what);
const signInButton: { onclick?: () => Promise<void> } = {};
const location = { assign: show };

// As docs/browser.md shows it; a test compares them.

const mfa = createMfaClient();

async function finishSignIn(signIn: SignIn): Promise<string> {
  if (signIn.status === 'mfa_required') {
    if (signIn.methods?.includes('webauthn') && supportsWebAuthn()) await mfa.authenticateWithKey();
    else await mfa.authenticate({ code: await askForCode(), trustDevice: true });
  }
  return signIn.status === 'enrollment_required' ? '/security' : '/';
}

signInButton.onclick = async () => {
  const signIn = await mfa.signInWithPasskeyImmediately();
  location.assign(signIn ? await finishSignIn(signIn) : '/sign-in');
};

function offerPasskeys(signedIn: () => void): () => void {
  const abort = new AbortController();
  mfa.signInWithPasskeyAutofill({ signal: abort.signal }).then(signedIn, (error: unknown) => {
    if (isMfaClientError(error, 'ceremony_cancelled') || isMfaClientError(error, 'not_supported')) return;
    show(error);
  });
  return () => abort.abort();
}

async function addAuthenticatorApp(): Promise<string[] | undefined> {
  const { qrCode, secret } = await mfa.beginTotp();
  const code = await askForCode({ qrCode, secret });
  const { recoveryCodes } = await mfa.activateTotp({ code, name: 'My phone' });
  return recoveryCodes; // with the first factor only, and shown this once
}

async function addPasskey(): Promise<void> {
  try {
    await mfa.addSecurityKey({ name: 'My laptop', passwordless: true });
  } catch (error) {
    if (isMfaClientError(error, 'ceremony_cancelled')) return;
    if (isMfaClientError(error, 'already_registered')) return show('This device has a passkey already.');
    throw error;
  }
}

describe('the examples of docs/browser.md', () => {
  const pageFetch = globalThis.fetch;
  let test: TestApp;
  let browser: Client;
  beforeAll(async () => {
    test = await startTestApp();
    // A page's addresses are relative to it; the API of the last example stands for another origin.
    globalThis.fetch = (input, init) => {
      const path = (input as string).replace('https://api.example.com', '');
      if (path.startsWith(test.url)) return pageFetch(path, init);
      if (path !== input) return pageFetch(test.url + path.replace('/auth/login', '/login'), init);
      return browser.fetch(test.url + path.replace('/reports', '/protected'), init);
    };
  });
  afterAll(async () => {
    globalThis.fetch = pageFetch;
    await test.close();
  });

  const signedUp = async () => {
    browser = test.client();
    await browser.post('/login', { id: newUserId() });
  };
  const enrolled = async () => {
    const user = await enroll(test);
    browser = user.client;
    askForCode = () => Promise.resolve(codeOf(user.secret, test.clock));
    return user;
  };

  it('are the ones below', () => {
    const blocks = [...readFileSync('docs/browser.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
    const collapse = (text: string) => text.replace(/\s+/g, ' ').trim();
    const own = collapse(readFileSync(import.meta.filename, 'utf8'));
    const statements = blocks
      .flatMap(([, block = '']) => block.split('\n\n'))
      .map(collapse)
      .filter((statement) => !statement.startsWith('import '));
    expect(statements).toHaveLength(10);
    for (const statement of statements) expect(own).toContain(statement);
  });

  it('go to the page of sign-in where no passkey is at hand', async () => {
    await signInButton.onclick?.();
    expect(shown).toEqual(['/sign-in']);
    shown.length = 0;
  });

  it('finish a sign-in', async () => {
    const { id } = await enrolled();
    const { body } = await browser.post('/login', { id });
    await expect(finishSignIn(body)).resolves.toBe('/');
    expect((await browser.get('/protected')).status).toBe(200);
    await expect(finishSignIn({ ...body, status: 'enrollment_required' })).resolves.toBe('/security');
  });

  it('set up an authenticator app', async () => {
    await signedUp();
    askForCode = ({ secret = '' } = {}) => Promise.resolve(codeOf(secret, test.clock));
    await expect(addAuthenticatorApp()).resolves.toHaveLength(10);
  });

  it('do without passkeys where there are none', async () => {
    await signedUp();
    const stop = offerPasskeys(() => show('signed in'));
    await expect(addPasskey()).rejects.toMatchObject({ code: 'not_supported' });
    stop();
    expect(shown).toEqual([]);
  });

  it('step up', async () => {
    await enrolled();
    test.clock.advance(3600);
    const fetchWithStepUp = withStepUp(fetch, async ({ methods }) => {
      const code = await askForCode({ methods });
      if (code === '') return false; // the user closed the dialogue
      await mfa.authenticate({ code });
      return true;
    });

    const report = await fetchWithStepUp('/reports');
    expect(report.status).toBe(200);

    test.clock.advance(3600);
    const settings = createMfaClient({ fetch: fetchWithStepUp });
    await settings.regenerateRecoveryCodes();
    await expect(settings.recoveryCodes()).resolves.toMatchObject({ remaining: 10 });

    test.clock.advance(3600);
    askForCode = () => Promise.resolve('');
    expect((await fetchWithStepUp('/reports')).status).toBe(401);
  });

  it('keep the token in memory', async () => {
    const { id } = await enrolled();
    const credentials = new URLSearchParams({ id });
    const api = createMfaClient({ baseUrl: 'https://api.example.com/mfa', sessionHeader: 'x-mfa-session' });
    await api.fetch('https://api.example.com/auth/login', { method: 'POST', body: credentials });
    const stepUpWithHeader = withStepUp(api.fetch, async () => {
      await api.authenticate({ code: await askForCode() });
    });
    await api.authenticate({ code: await askForCode() });
    test.clock.advance(3600);
    expect((await stepUpWithHeader('https://api.example.com/protected')).status).toBe(200);
  });
});
