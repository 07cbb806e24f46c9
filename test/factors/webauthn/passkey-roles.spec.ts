import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MfaAdminService, MfaService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, register, signIn, signInWithPasskey } from '../../support/ceremonies.js';
import type { Client } from '../../support/client.js';
import { ENGINE } from '../../support/databases.js';
import type { TestApp } from '../../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, startTestApp } from '../../support/test-app.js';

const ALONE = { passwordless: true, role: 'passwordless' };

describe(`what a passkey is for (${ENGINE})`, () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        reauthenticateUrl: '/password',
      },
    });
  });
  afterAll(() => test.close());

  const login = async (id: string) => (await test.client().post('/login', { id })).body.status as string;

  it.each([
    [undefined, 'second_factor', 'preferred', 'mfa_required'],
    [{ role: null, passwordless: null, automatic: null }, 'second_factor', 'preferred', 'mfa_required'],
    [{ role: null, passwordless: true }, 'both', 'required', 'mfa_required'],
    [{ role: 'second_factor' }, 'second_factor', 'preferred', 'mfa_required'],
    [{ passwordless: true }, 'both', 'required', 'mfa_required'],
    [{ role: 'both' }, 'both', 'required', 'mfa_required'],
    [{ role: 'passwordless' }, 'passwordless', 'required', 'authenticated'],
    [ALONE, 'passwordless', 'required', 'authenticated'],
  ])('%j makes it a %s', async (extra, role, residentKey, status) => {
    const { client, id } = await signIn(test);
    const { body } = await client.post('/mfa/webauthn/options', extra);
    expect(body.authenticatorSelection).toMatchObject({ residentKey });
    const key = new SoftwareAuthenticator();
    expect((await client.post('/mfa/webauthn', { credential: key.create(body) })).status).toBe(201);
    expect((await client.get('/mfa/authenticators?type=webauthn')).body).toMatchObject([
      { role, passwordless: role !== 'second_factor' },
    ]);
    expect(await login(id)).toBe(status);
    expect((await signInWithPasskey(test.client(), key)).body.status).toBe('authenticated');
  });

  it.each([
    { passwordless: true, role: 'second_factor' },
    { passwordless: false, role: 'both' },
    { role: 'none' },
    { role: ['both'] },
    { automatic: true, role: 'both' },
    { automatic: true, passwordless: false },
    { automatic: 'yes' },
  ])('%j is refused', async (extra) => {
    const { client } = await signIn(test);
    expect((await client.post('/mfa/webauthn/options', extra)).body.code).toBe('invalid_request');
  });

  describe('one for signing in alone', () => {
    it('that somebody with the password has added removes no factor that the user adds later', async () => {
      const { client: thief, id } = await signIn(test);
      const planted = new SoftwareAuthenticator();
      expect((await register(thief, planted, ALONE)).status).toBe(201);
      const client = test.client();
      await client.post('/login', { id });
      const { body: setup } = await client.post('/mfa/totp');
      const code = codeOf(setup.secret, test.clock);
      const { body } = await client.post('/mfa/totp/activate', { code });
      const late = test.client();
      expect((await signInWithPasskey(late, planted)).status).toBe(200);
      expect((await late.delete(`/mfa/authenticators/${body.authenticator.id}`)).body.code).toBe(
        'mfa_required',
      );
    });

    it('makes nobody enrolled: no recovery codes, no other session ended, and nothing to prove later', async () => {
      const { client, id } = await signIn(test);
      const elsewhere = test.client();
      await elsewhere.post('/login', { id });
      const { body } = await register(client, new SoftwareAuthenticator(), ALONE);
      expect(body).not.toHaveProperty('recoveryCodes');
      expect((await elsewhere.get('/me')).status).toBe(200);
      expect((await elsewhere.get('/mfa/status')).body).toMatchObject({ enabled: false, verified: false });
      // Whoever knows the password could have added it: its registration proves nothing.
      expect((await client.get('/protected/phishing-resistant')).status).toBe(403);
      expect((await elsewhere.get('/protected')).body.code).toBe('mfa_enrollment_required');
      expect((await elsewhere.post('/mfa/recovery-codes')).body.code).toBe('cannot_generate_recovery_codes');
      expect(await test.app.get(MfaService).isMfaEnabled({ id })).toBe(false);
      expect((await test.app.get(MfaAdminService).status(id)).enabled).toBe(false);
    });

    it('goes, and the password still signs in; and is no last second factor', async () => {
      const { client, id } = await signIn(test);
      const { body } = await register(client, new SoftwareAuthenticator(), ALONE);
      expect((await client.delete(`/mfa/authenticators/${body.authenticator.id}`)).status).toBe(204);
      expect(await login(id)).toBe('authenticated');
    });

    it('keeps no second factor: removing that takes the recovery codes along', async () => {
      const { client, authenticatorId } = await enroll(test);
      await register(client, new SoftwareAuthenticator(), ALONE);
      expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
      const types = (await client.get('/mfa/authenticators')).body.map(({ type }: { type: string }) => type);
      expect(types).toEqual(['webauthn']);
    });

    it('comes before the first second factor, which is the first all the same', async () => {
      const { client, id } = await signIn(test);
      await register(client, new SoftwareAuthenticator(), ALONE);
      const elsewhere = test.client();
      await elsewhere.post('/login', { id });
      const { body: setup } = await client.post('/mfa/totp');
      const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      expect(body.recoveryCodes).toHaveLength(10);
      expect((await elsewhere.get('/me')).status).toBe(401);
      expect(await login(id)).toBe('mfa_required');
    });

    it('steps up beside a second factor, where it verifies its user', async () => {
      const { client, id, secret } = await enroll(test);
      const key = new SoftwareAuthenticator();
      await register(client, key, ALONE);
      const half = await halfSignIn(test, { id });
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      expect(options).toMatchObject({ userVerification: 'required', allowCredentials: [{}] });
      await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect((await half.get('/protected/phishing-resistant')).body).toMatchObject({
        code: 'mfa_required',
        methods: ['webauthn'],
      });
      expect((await assertKey(half, key, { userVerified: false })).body.code).toBe('webauthn_failed');
      expect((await assertKey(half, key)).status).toBe(200);
      expect((await half.get('/protected/phishing-resistant')).status).toBe(200);
    });

    it('verifies its user even where another key need not', async () => {
      const second = new SoftwareAuthenticator({ userVerified: false });
      const { client, id } = await enrollKey(test, second);
      const key = new SoftwareAuthenticator();
      expect((await register(client, key, ALONE)).status).toBe(201);
      const half = await halfSignIn(test, { id });
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      expect(options.userVerification).toBe('preferred');
      expect((await assertKey(half, key, { userVerified: false })).body.code).toBe('webauthn_failed');
      expect((await assertKey(half, second)).status).toBe(200);
    });

    it('is nothing that changes of factors hang on', async () => {
      const { client, id, secret } = await enroll(test);
      await register(client, new SoftwareAuthenticator(), ALONE);
      const again = await halfSignIn(test, { id });
      await again.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect((await again.post('/mfa/recovery-codes')).status).toBe(201);
    });
  });

  describe('one that is made without asking', () => {
    const SILENT = { userPresent: false, userVerified: false, backupEligible: true, backedUp: true };
    const upgrade = async (client: Client, key: SoftwareAuthenticator) =>
      register(client, key, { automatic: true });

    it('ends the other sessions when it is told to, and never its own', async () => {
      const { client, id } = await signIn(test);
      const elsewhere = test.client();
      await elsewhere.post('/login', { id });
      const { body: options } = await client.post('/mfa/webauthn/options', { automatic: true });
      const credential = new SoftwareAuthenticator(SILENT).create(options);
      const { status } = await client.post('/mfa/webauthn', { credential, endOtherSessions: true });
      expect([status, (await client.get('/mfa/session')).status]).toEqual([201, 200]);
      expect((await elsewhere.get('/mfa/session')).body.code).toBe('session_expired');
    });

    it('proves nothing until it is used, and signs in by itself then', async () => {
      const { client, id } = await signIn(test);
      const { body: options } = await client.post('/mfa/webauthn/options', { automatic: true });
      expect(options.authenticatorSelection).toMatchObject({
        residentKey: 'required',
        userVerification: 'preferred',
      });
      const key = new SoftwareAuthenticator(SILENT);
      const { status, body } = await client.post('/mfa/webauthn', { credential: key.create(options) });
      expect([status, Object.keys(body)]).toEqual([201, ['authenticator']]);
      expect(body.authenticator.lastUsedAt).toBeNull();
      expect((await client.get('/mfa/session')).body.proven).toMatchObject([{ method: 'pwd' }]);
      expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
      expect((await client.get('/mfa/authenticators')).body).toMatchObject([{ role: 'passwordless' }]);
      expect(await login(id)).toBe('authenticated');
      const touched = { userPresent: true };
      expect((await signInWithPasskey(test.client(), key, touched)).body.code).toBe('webauthn_failed');
      const browser = test.client();
      const verified = { userPresent: true, userVerified: true };
      expect((await signInWithPasskey(browser, key, verified)).body.status).toBe('authenticated');
      expect((await browser.get('/protected/phishing-resistant')).status).toBe(200);
    });

    it('needs a touch where it was asked for', async () => {
      const { client } = await signIn(test);
      const { body } = await register(client, new SoftwareAuthenticator(SILENT));
      expect(body.code).toBe('webauthn_failed');
    });

    it('needs a password that is five minutes old at most, from the options to the end', async () => {
      const { client, id } = await signIn(test);
      const key = new SoftwareAuthenticator(SILENT);
      const { body: options } = await client.post('/mfa/webauthn/options', { automatic: true });
      test.clock.advance(299);
      const { body: later } = await client.post('/mfa/webauthn/options', { automatic: true });
      test.clock.advance(2);
      const credential = key.create(later);
      const refused = await client.post('/mfa/webauthn', { credential });
      expect([refused.status, refused.body]).toMatchObject([
        401,
        { code: 'reauthentication_required', maxAge: 300, reauthenticateUrl: '/password' },
      ]);
      expect((await upgrade(client, key)).status).toBe(401);
      await client.post('/reauthenticate', { id });
      expect((await client.post('/mfa/webauthn', { credential: key.create(options) })).status).toBe(400);
      expect((await upgrade(client, key)).status).toBe(201);
    });

    it('needs a password, and for an enrolled user a second factor too', async () => {
      const { client, id } = await signIn(test);
      const key = new SoftwareAuthenticator(SILENT);
      await upgrade(client, key);
      const byPasskey = test.client();
      await signInWithPasskey(byPasskey, key, { userPresent: true, userVerified: true });
      const refused = await byPasskey.post('/mfa/webauthn/options', { automatic: true });
      expect([refused.status, refused.body.code, refused.body.maxAge]).toEqual([
        401,
        'reauthentication_required',
        300,
      ]);
      expect((await login(id)) === 'authenticated').toBe(true);

      const enrolled = await enroll(test);
      test.clock.advance(301);
      await enrolled.client.post('/reauthenticate', { id: enrolled.id });
      const other = await enrolled.client.post('/mfa/webauthn/options', { automatic: true });
      expect([other.status, other.body.code]).toEqual([401, 'mfa_required']);
      const half = await halfSignIn(test, enrolled);
      expect((await half.post('/mfa/webauthn/options', { automatic: true })).status).toBe(401);
    });
  });
});

describe('a passkey for signing in alone, where a second factor is a duty', () => {
  it('does not fulfil it', async () => {
    const test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, requiredForStaff: true },
    });
    try {
      const { client, id } = await signIn(test);
      const key = new SoftwareAuthenticator();
      await register(client, key, ALONE);
      const staff = await test.client().post('/login', { id, isStaff: true });
      expect(staff.body.status).toBe('enrollment_required');
      // By itself it is both factors at once.
      const browser = test.client();
      expect((await signInWithPasskey(browser, key)).body.status).toBe('authenticated');
      expect((await browser.get('/protected')).status).toBe(200);
    } finally {
      await test.close();
    }
  });
});
