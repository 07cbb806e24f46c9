import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TotpAuthenticator, TotpService, WebAuthnService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, newUserId, startTestApp, users } from '../support/test-app.js';

/** The request of this browser, as Express would hand it to a handler: the response sets the browser's cookies. */
function requestOf(client: Client): object {
  const response = {
    getHeader: () => undefined,
    setHeader: (_name: string, cookies: string | string[]) => {
      for (const cookie of [cookies].flat()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        client.cookies.set(name, value);
      }
    },
  };
  return {
    method: 'POST',
    res: response,
    headers: { cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  };
}

describe('an authenticator as an object', () => {
  let test: TestApp;
  let totp: TotpService;
  let webauthn: WebAuthnService;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, totp: { maxPerUser: 2 }, rateLimit: { attempts: 20 } },
    });
    totp = test.app.get(TotpService);
    webauthn = test.app.get(WebAuthnService);
  });
  afterAll(() => test.close());

  it('is made, shown as a QR code, and validated, in this order', async () => {
    const user = { id: newUserId(), email: 'ada@example.com' };
    const app = await totp.getAuthenticator(user);
    expect(app.authenticator).toBeNull();
    expect(app.getSecretKey()).toMatch(/^[A-Z2-7]{32}$/);
    await expect(app.generateQrCode('Ada')).resolves.toMatch(/^data:image\/png;base64,/);
    await expect(app.validateToken('000000')).resolves.toBe(false);
    await expect(app.validateToken('not a code')).resolves.toBe(false);
    await expect(app.validateToken(codeOf(app.getSecretKey(), test.clock))).resolves.toBe(true);
    expect(app.authenticator).toMatchObject({ type: 'totp', userId: user.id });
    expect(() => app.getSecretKey()).toThrow('never shown');
  });

  it('verifies its own codes alone, once, and answers no where they are not verified', async () => {
    const user = { id: newUserId() };
    const one = await totp.getAuthenticator(user);
    const secret = one.getSecretKey();
    await one.validateToken(codeOf(secret, test.clock));
    const other = new TotpAuthenticator(user, totp, await totp.begin(user));
    const otherSecret = other.getSecretKey();
    await expect(other.validateToken(codeOf(otherSecret, test.clock))).resolves.toBe(true);
    test.clock.advance(60);
    const stored = await totp.getAuthenticator(user, undefined, one.authenticator?.id);
    await expect(stored.validateToken(codeOf(otherSecret, test.clock))).resolves.toBe(false);
    const code = codeOf(secret, test.clock);
    const answers = await Promise.all(Array.from({ length: 4 }, () => stored.validateToken(code)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    for (let guess = 0; guess < 20; guess++) await stored.validateToken('000000');
    test.clock.advance(60);
    await expect(stored.validateToken(codeOf(secret, test.clock))).resolves.toBe(false);
    await expect(totp.getAuthenticator(user, undefined, 'nothing')).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('registers a key and verifies it, and no other key of the user', async () => {
    const { id, client } = await enroll(test);
    const user = users.get(id) as { id: string };
    const one = await registered(user, client);
    const two = await registered(user, client);
    const request = requestOf(client);
    const options = await one.object.getCredentialRequestOptions(request);
    expect(options.allowCredentials).toHaveLength(1);
    const answer = one.key.get(options);
    await expect(one.object.verifyAuthentication(request, answer)).resolves.toBe(true);
    await expect(one.object.verifyAuthentication(request, answer)).resolves.toBe(false);
    const others = await two.object.getCredentialRequestOptions(request);
    await expect(one.object.verifyAuthentication(request, two.key.get(others as never))).resolves.toBe(false);
    const again = await webauthn.getAuthenticator(user, two.object.authenticator?.id);
    const last = await again.getCredentialRequestOptions(request);
    await expect(again.verifyAuthentication(request, two.key.get(last as never))).resolves.toBe(true);
    await expect(webauthn.getAuthenticator(user, 'nothing')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('says when it can’t hand out the session’s new token', async () => {
    const { id, client } = await enroll(test);
    const object = await webauthn.getAuthenticator(users.get(id) as { id: string });
    await expect(object.verifyRegistration({ ...requestOf(client), res: undefined }, {})).rejects.toThrow(
      'pass the response too',
    );
  });

  async function registered(user: { id: string }, client: Client) {
    const object = await webauthn.getAuthenticator(user);
    expect(object.authenticator).toBeNull();
    const request = requestOf(client);
    const key = new SoftwareAuthenticator();
    await expect(object.verifyAuthentication(request, {})).resolves.toBe(false);
    await expect(object.verifyRegistration(request, { id: 'x' })).resolves.toBe(false);
    const credential = key.create(await object.getCredentialCreationOptions(request));
    await expect(object.verifyRegistration(request, credential)).resolves.toBe(true);
    await expect(object.verifyRegistration(request, credential)).resolves.toBe(false);
    return { object, key };
  }
});
