import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaClient } from 'nestjs-mfa/browser';
import { createMfaClient } from 'nestjs-mfa/browser';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const moment = expect.stringMatching(MOMENT);

class TokenAdapter extends TestAdapter {
  override completeLogin(): { accessToken: string } {
    return { accessToken: 'an access token' };
  }
}

describe('the browser client', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
      },
      adapter: TokenAdapter,
    });
  });
  afterAll(() => test.close());

  const clientOf = (browser: Client): MfaClient<{ accessToken: string }> =>
    createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: browser.fetch });

  /** Somebody with a security key, registered without a browser. */
  async function enrollKey() {
    const browser = test.client();
    await browser.post('/login', { id: newUserId(), displayName: 'Ada' });
    const { body: options } = await browser.post('/mfa/webauthn/options');
    const key = new SoftwareAuthenticator();
    const { body } = await browser.post('/mfa/webauthn', { credential: key.create(options) });
    return { browser, mfa: clientOf(browser), key, authenticatorId: body.authenticator.id as string };
  }

  it('sets up an authenticator app and tells the status before and after', async () => {
    const browser = test.client();
    await browser.post('/login', { id: newUserId() });
    const mfa = clientOf(browser);
    await expect(mfa.status()).resolves.toEqual({
      enabled: false,
      required: false,
      enrollmentDeadline: null,
      verified: false,
      verifiedAt: null,
      methods: [],
      recoveryCodes: { total: 0, remaining: 0 },
    });
    const setup = await mfa.beginTotp();
    expect(setup).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]+$/),
      url: expect.stringMatching(/^otpauth:/),
      svg: expect.stringContaining('<svg'),
      qrCode: expect.stringMatching(/^data:image\/png/),
      expiresAt: moment,
    });
    const code = codeOf(setup.secret, test.clock);
    const activation = await mfa.activateTotp({ code, name: 'My phone' });
    expect(activation).toMatchObject({
      authenticator: { type: 'totp', name: 'My phone', createdAt: moment, locked: false },
      proven: expect.arrayContaining([{ method: 'totp', at: moment }]),
      expiresAt: moment,
    });
    expect(activation.recoveryCodes).toHaveLength(10);
    await expect(mfa.status()).resolves.toMatchObject({ enabled: true, verified: true, verifiedAt: moment });
  });

  it('reports an authenticator as lost from half a sign-in, and takes that back', async () => {
    const user = await enroll(test);
    const half = clientOf(await halfSignIn(test, user));
    const [app] = await half.listReportable();
    expect(app).toEqual({ id: user.authenticatorId, type: 'totp', name: app?.name, suspended: false });
    await expect(half.suspendAuthenticator(user.authenticatorId)).resolves.toEqual({
      ...app,
      suspended: true,
    });
    await half.authenticate({ code: user.recoveryCodes[0] as string });
    const resumed = await half.resumeAuthenticator(user.authenticatorId);
    expect(resumed).toMatchObject({ id: user.authenticatorId, suspended: false, locked: false });
  });

  it('lists, renames and removes authenticators', async () => {
    const { client, authenticatorId } = await enroll(test);
    const mfa = clientOf(client);
    expect((await mfa.listAuthenticators()).map(({ type }) => type)).toEqual(['totp', 'recovery_codes']);
    await expect(mfa.listAuthenticators('recovery_codes')).resolves.toMatchObject([{ remaining: 10 }]);
    await expect(mfa.renameAuthenticator(authenticatorId, 'Ünïcode & co')).resolves.toMatchObject({
      id: authenticatorId,
      name: 'Ünïcode & co',
    });
    await expect(mfa.removeAuthenticator(authenticatorId)).resolves.toBeUndefined();
    await expect(mfa.listAuthenticators()).resolves.toEqual([]);
  });

  it('shows what is known of a key, and what the browser is to be told of it', async () => {
    const { mfa, key, authenticatorId } = await enrollKey();
    await expect(mfa.listAuthenticators('webauthn')).resolves.toMatchObject([
      { id: authenticatorId, passwordless: false, backedUp: false, transports: ['usb'] },
    ]);
    await expect(mfa.webauthnSignals()).resolves.toEqual({
      allAcceptedCredentials: {
        rpId: 'example.com',
        userId: key.userHandle,
        allAcceptedCredentialIds: [key.credentialId.toString('base64url')],
      },
      currentUserDetails: {
        rpId: 'example.com',
        userId: key.userHandle,
        name: expect.stringContaining('@'),
        displayName: 'Ada',
      },
    });
    // Node has no signal methods: nothing is asked, and nothing fails.
    await expect(mfa.syncPasskeys()).resolves.toBeUndefined();
  });

  it('counts recovery codes and makes new ones', async () => {
    const { client } = await enroll(test);
    const mfa = clientOf(client);
    await expect(mfa.recoveryCodes()).resolves.toEqual({ total: 10, remaining: 10, createdAt: moment });
    const { codes } = await mfa.regenerateRecoveryCodes();
    expect(codes).toHaveLength(10);
    const half = clientOf(await halfSignIn(test, { id: (await client.get('/me')).body.id }));
    await half.authenticate({ code: codes[0] ?? '' });
    await expect(half.recoveryCodes()).resolves.toMatchObject({ remaining: 9 });
  });

  it('finishes a sign-in with a code, with what the application adds, and ends it', async () => {
    const { id, secret } = await enroll(test);
    const browser = await halfSignIn(test, { id });
    const mfa = clientOf(browser);
    await expect(mfa.session()).resolves.toEqual({
      status: 'mfa_required',
      methods: ['totp', 'recovery_codes'],
      proven: [{ method: 'pwd', at: moment }],
      expiresAt: moment,
    });
    const signIn = await mfa.authenticate({ code: codeOf(secret, test.clock) });
    expect(signIn).toMatchObject({
      status: 'authenticated',
      proven: [
        { method: 'pwd', at: moment },
        { method: 'totp', at: moment },
      ],
      expiresAt: moment,
      accessToken: 'an access token',
    });
    expect((await browser.get('/me')).body.id).toBe(id);
    await expect(mfa.endSession()).resolves.toBeUndefined();
    expect((await browser.get('/me')).status).toBe(401);
  });

  it('lists the browsers that are trusted and distrusts one or all', async () => {
    const { id, secret } = await enroll(test);
    const browser = await halfSignIn(test, { id });
    const mfa = clientOf(browser);
    await mfa.authenticate({ code: codeOf(secret, test.clock), trustDevice: true });
    const [device, ...others] = await mfa.listTrustedDevices();
    expect(others).toEqual([]);
    expect(device).toMatchObject({ createdAt: moment, expiresAt: moment, lastUsedAt: null, current: true });
    await expect(mfa.revokeTrustedDevice(device?.id ?? '')).resolves.toBeUndefined();
    await expect(mfa.listTrustedDevices()).resolves.toEqual([]);

    test.clock.advance(60);
    await mfa.authenticate({ code: codeOf(secret, test.clock), trustDevice: true });
    await expect(mfa.revokeAllTrustedDevices()).resolves.toBeUndefined();
    await expect(mfa.listTrustedDevices()).resolves.toEqual([]);
  });

  it('lists sessions, and ends one or all others', async () => {
    const { client, id, secret } = await enroll(test);
    const mfa = clientOf(client);
    const others = [];
    for (let i = 0; i < 3; i++) {
      const other = clientOf(await halfSignIn(test, { id }));
      await other.authenticate({ code: codeOf(secret, test.clock) });
      test.clock.advance(30);
      others.push(other);
    }
    const sessions = await mfa.listSessions();
    expect(sessions.map(({ current }) => current)).toEqual([false, false, false, true]);
    await expect(mfa.endSessionOf(sessions[0]?.id ?? '')).resolves.toBeUndefined();
    await expect(others[2]?.session()).rejects.toMatchObject({ code: 'session_expired' });
    await expect(mfa.endSessionOf('none')).rejects.toMatchObject({ code: 'not_found' });
    await expect(mfa.endOtherSessions()).resolves.toBeUndefined();
    await expect(mfa.listSessions()).resolves.toMatchObject([{ current: true }]);
  });

  it('asks the server for nothing where there is no WebAuthn', async () => {
    const { client } = await enroll(test);
    const mfa = clientOf(client);
    await test.logger.statementsOf(async () => {
      for (const ceremony of [
        mfa.addSecurityKey(),
        mfa.authenticateWithKey(),
        mfa.signInWithPasskey(),
        mfa.signInWithPasskeyAutofill(),
      ]) {
        await expect(ceremony).rejects.toMatchObject({ code: 'not_supported', status: 0 });
      }
    });
  });

  it('sends the headers that it is given or told at each request', async () => {
    const sent: (string | null)[] = [];
    const fetch = (input: RequestInfo | URL, init?: RequestInit) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      return globalThis.fetch(input, init);
    };
    const options = { baseUrl: `${test.url}/mfa`, fetch };
    await expect(
      createMfaClient({ ...options, headers: { authorization: 'Bearer a' } }).status(),
    ).rejects.toThrow();
    let tokens = 0;
    const mfa = createMfaClient({
      ...options,
      headers: () => Promise.resolve({ authorization: `Bearer ${(tokens += 1)}` }),
    });
    await expect(mfa.status()).rejects.toThrow();
    await expect(mfa.status()).rejects.toThrow();
    expect(sent).toEqual(['Bearer a', 'Bearer 1', 'Bearer 2']);
  });

  it('sends cookies to its own origin, or as it is told, with the fetch of the page', async () => {
    const original = globalThis.fetch;
    const sent: (RequestCredentials | undefined)[] = [];
    globalThis.fetch = (input, init) => {
      sent.push(init?.credentials);
      return original(input, init);
    };
    try {
      const baseUrl = `${test.url}/mfa`;
      await expect(createMfaClient({ baseUrl }).status()).rejects.toThrow();
      await expect(createMfaClient({ baseUrl, credentials: 'include' }).status()).rejects.toThrow();
    } finally {
      globalThis.fetch = original;
    }
    expect(sent).toEqual(['same-origin', 'include']);
    // The address is a path by default, which only a page can complete.
    await expect(createMfaClient().status()).rejects.toMatchObject({ code: 'network' });
  });
});
