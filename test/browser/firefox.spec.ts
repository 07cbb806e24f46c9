import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { totpCode } from 'nestjs-mfa/testing';

import { startDemo } from '../support/demo-app.js';
import { Firefox, hasFirefox } from '../support/firefox.js';

const SECURITY = '/account/security';
const STEP_MS = 30_000;
const email = 'ada@example.com';
const password = 'correct horse battery';

const describeInFirefox = hasFirefox ? describe : describe.skip;

/** One visitor goes through the demo with the ready-made pages. */
describeInFirefox('the pages of the demo in Firefox', () => {
  let app: INestApplication;
  let firefox: Firefox;
  let secret: string;
  let recoveryCode: string;

  beforeAll(async () => {
    let url: string;
    ({ app, url } = await startDemo({ MFA_PASSKEY_LOGIN: 'true' }));
    firefox = await Firefox.launch(url);
  }, 120_000);
  afterAll(async () => {
    await firefox.close();
    await app.close();
  }, 120_000);

  async function signIn(): Promise<void> {
    await firefox.fill('email', email);
    await firefox.fill('password', password);
    await firefox.press('Sign in');
  }

  /** Out, and in again up to the second factor, on the way to that page. */
  async function signInAgain(path: string): Promise<void> {
    await firefox.open('/profile');
    await firefox.press('Sign out');
    await firefox.at('/');
    await firefox.open(path);
    await firefox.at('/login');
    await signIn();
    await firefox.at(`${SECURITY}/authenticate`);
  }

  it('makes an account, and adds an authenticator app by the form', async () => {
    await firefox.open('/register');
    await firefox.fill('email', email);
    await firefox.fill('password', password);
    await firefox.press('Create account');
    await firefox.at('/profile');
    await firefox.open('/reports');
    await firefox.at(`${SECURITY}/enrol`);
    await firefox.press('Set up an authenticator app');
    await firefox.at(`${SECURITY}/totp/add`);
    secret = (await firefox.text('.mfa-secret')).replace(/\s/g, '');
    await firefox.fill('code', '000000');
    await firefox.press('Activate');
    await firefox.says('Incorrect code.');
    await firefox.fill('code', totpCode(secret, Date.now()));
    await firefox.press('Activate');
    await firefox.at(`${SECURITY}/recovery-codes/generate`);
    recoveryCode = await firefox.text('.mfa-codes code');
    await firefox.press('I have saved these codes');
    await firefox.press('Continue');
    await firefox.at('/reports');
    expect(await firefox.text('main')).toContain('Quarterly figures');
  }, 120_000);

  it('signs in with a code, and with a recovery code', async () => {
    await signInAgain('/reports');
    // The activation has used up the code of its time.
    await firefox.fill('code', totpCode(secret, Date.now() + STEP_MS));
    await firefox.press('Confirm');
    await firefox.at('/reports');
    await signInAgain('/reports');
    await firefox.press('Use a recovery code');
    await firefox.fill('code', recoveryCode);
    await firefox.press('Confirm');
    await firefox.at('/reports');
    await firefox.open(SECURITY);
    expect(await firefox.text('main')).toContain('9 of 10');
  }, 120_000);

  it('adds a security key that verifies nobody, and signs in with it', async () => {
    const key = await firefox.addAuthenticator({
      transport: 'usb',
      hasResidentKey: false,
      hasUserVerification: false,
    });
    await firefox.open('/vault');
    await firefox.at(`${SECURITY}/enrol`);
    await firefox.press('Add a security key or passkey');
    await firefox.at(`${SECURITY}/webauthn/add`);
    await firefox.press('Add');
    await firefox.at('/vault');
    expect(await key.credentials()).toMatchObject([{ isResidentCredential: false, rpId: 'localhost' }]);
    await signInAgain('/vault');
    await firefox.press('Use a security key or passkey');
    await firefox.at('/vault');
    expect(await firefox.text('main')).toContain('Only a security key or passkey opens this');
    await key.remove();
  }, 120_000);

  it('adds a passkey, and signs in with nothing else', async () => {
    const key = await firefox.addAuthenticator({
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
    });
    await firefox.open(`${SECURITY}/webauthn/add`);
    await firefox.press('Let it sign me in without my password');
    await firefox.press('Add');
    await firefox.says('The security key or passkey was added.');
    expect(await key.credentials()).toMatchObject([{ isResidentCredential: true }]);
    await firefox.open('/profile');
    await firefox.press('Sign out');
    await firefox.at('/');
    await firefox.open('/signing');
    await firefox.at('/login');
    await firefox.press('Sign in with a passkey');
    await firefox.at(`${SECURITY}/passkey`);
    await firefox.press('Sign in with a passkey');
    await firefox.at('/signing');
    expect(await firefox.text('main')).toContain('PIN or fingerprint');
    await key.remove();
  }, 120_000);

  it('found no error in the pages, and nothing that the content security policies refused', async () => {
    expect(await firefox.problems()).toEqual([]);
  });
});
