import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticationSessionService } from 'nestjs-mfa';
import { SoftwareSecurityKey, totpCode } from 'nestjs-mfa/testing';

import './support/environment.js';
import { AppModule } from './mobile/api.app.js';
import type { Keychain, Passkeys } from './mobile/phone.js';
import { Api } from './mobile/phone.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD, UsersService } from './support/users.js';

const EMAIL = 'ada@example.com';
const ANDROID = 'android:apk-key-hash:Mo1uLYVQ9PSeLMtaXKyMw2TTEcFtgWr9QYgAVnHjZSw';

/** A phone: its keychain outlives the application. */
class Phone implements Keychain {
  readonly kept = new Map<string, string>();
  asked = 0;
  /** The secret of the authenticator app, once there is one. */
  secret = '';
  readonly passkeys: Passkeys;

  constructor(
    private readonly test: StartedApplication,
    origin = ANDROID,
  ) {
    const key = new SoftwareSecurityKey({ origin });
    this.passkeys = {
      create: (options) => Promise.resolve(key.create(options as never)),
      get: (options) => Promise.resolve(key.get(options as never)),
    };
  }

  /** The application, started anew. */
  start(): Api {
    return new Api(this.test.url, this, this.passkeys, () => {
      this.asked += 1;
      this.test.clock.advance(30);
      return Promise.resolve(totpCode(this.secret, this.test.clock));
    });
  }

  getItemAsync(key: string): Promise<string | null> {
    return Promise.resolve(this.kept.get(key) ?? null);
  }

  setItemAsync(key: string, value: string): Promise<void> {
    this.kept.set(key, value);
    return Promise.resolve();
  }

  deleteItemAsync(key: string): Promise<void> {
    this.kept.delete(key);
    return Promise.resolve();
  }

  /** Sets the authenticator app up as another client of the same session would. */
  async setUpApp(): Promise<void> {
    const client = this.test.client({ 'x-mfa-session': this.kept.get('mfa-session') ?? '' });
    this.secret = (await client.post('/mfa/totp')).body.secret;
    const { headers } = await client.post('/mfa/totp/activate', {
      code: totpCode(this.secret, this.test.clock),
    });
    this.kept.set('mfa-session', headers.get('x-mfa-session') ?? '');
  }
}

describe('an application on a phone', () => {
  let test: StartedApplication;
  beforeAll(async () => {
    test = await startApplication(AppModule);
  });
  afterAll(() => test.app.close());

  const statusOf = async (api: Api) => (await api.fetch('/reports')).status;

  it('stays signed in when it is started again, until it signs out', async () => {
    const phone = new Phone(test);
    const api = phone.start();
    expect(await api.resume()).toBe(false);
    expect(await api.signIn(EMAIL, PASSWORD)).toBe('authenticated');
    expect(await phone.start().resume()).toBe(true);
    await api.signOut();
    expect([...phone.kept]).toEqual([]);
    expect(await phone.start().resume()).toBe(false);
  });

  it('signs nobody out where the API can’t be reached', async () => {
    const phone = new Phone(test);
    await phone.start().signIn('edith@example.com', PASSWORD);
    const [token] = phone.kept.values();
    const offline = new Api('http://127.0.0.1:9', phone, phone.passkeys, () => Promise.resolve(''));
    await expect(offline.resume()).rejects.toMatchObject({ code: 'network' });
    expect([...phone.kept.values()]).toEqual([token]);
    expect(await phone.start().resume()).toBe(true);
  });

  it('signs in with a code, steps up where a route wants it, and keeps the token that came last', async () => {
    const phone = new Phone(test);
    await phone.start().signIn('grace@example.com', PASSWORD);
    await phone.setUpApp();

    const api = phone.start();
    expect(await api.resume()).toBe(true);
    expect(await statusOf(api)).toBe(200);
    expect(phone.asked).toBe(0);
    test.clock.advance(301);
    expect(await statusOf(api)).toBe(200);
    expect(phone.asked).toBe(1);
    expect(await phone.start().resume()).toBe(true);

    await api.signOut();
    expect(await api.signIn('grace@example.com', PASSWORD)).toBe('authenticated');
    expect(phone.asked).toBe(2);
    expect(await statusOf(phone.start())).toBe(401);
    const again = phone.start();
    expect(await again.resume()).toBe(true);
    expect(await statusOf(again)).toBe(200);
  });

  it.each([ANDROID, 'https://example.com'])('signs in with a passkey of %s', async (origin) => {
    const phone = new Phone(test, origin);
    const email = `${origin}@example.com`;
    const api = phone.start();
    await api.signIn(email, PASSWORD);
    await api.addPasskey('My phone');
    await api.signOut();
    expect(await api.signIn(email, PASSWORD)).toBe('authenticated');
    expect(await statusOf(api)).toBe(200);
    expect(phone.asked).toBe(0);
  });

  it('registers no passkey of an application that is signed by somebody else', async () => {
    const phone = new Phone(test, 'android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    const api = phone.start();
    await api.signIn('mallory@example.com', PASSWORD);
    await expect(api.addPasskey('My phone')).rejects.toMatchObject({ code: 'webauthn_failed' });
  });

  it('starts anew where its session was ended elsewhere', async () => {
    const phone = new Phone(test);
    const api = phone.start();
    await api.signIn('hedy@example.com', PASSWORD);
    const user = test.app.get(UsersService, { strict: false }).findOrCreate('hedy@example.com');
    await test.app.get(AuthenticationSessionService).revokeAll(user);
    const again = phone.start();
    expect(await again.resume()).toBe(false);
    expect([...phone.kept]).toEqual([]);
    expect(await again.signIn('hedy@example.com', PASSWORD)).toBe('authenticated');
  });
});
