import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, WebAuthnCredential } from 'nestjs-mfa';

import type { Tampering } from '../support/authenticator.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, newUserId } from '../support/test-app.js';
import { PAGES, enrolledIn, startPageApp } from './support.js';

const ICLOUD = 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd';
const SYNCED: Tampering = { backupEligible: true, backedUp: true };
const BOUND: Tampering = { backupEligible: false, backedUp: false };

describe('the page of account security says where each passkey is', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({ mfa: { locales: ['en', 'de'] } });
  });
  afterAll(() => test.close());

  const pageOf = async (facts: Tampering, transports: string[], locale: string): Promise<string> => {
    const client = test.client();
    await client.post('/login', { id: newUserId(), locale });
    const { body: options } = await client.post('/mfa/webauthn/options');
    const credential = new SoftwareAuthenticator(facts).create(options);
    const { status } = await client.post('/mfa/webauthn', {
      credential: { ...credential, response: { ...credential.response, transports } },
      name: 'My key',
    });
    expect(status).toBe(201);
    return textOf((await PageClient.of(client).get(PAGES)).text);
  };

  it.each<[string, Tampering, string[], string, string]>([
    [
      'a synced one with its provider',
      { ...SYNCED, aaguid: ICLOUD },
      ['internal', 'hybrid'],
      'In Apple Passwords, on all devices signed in to that account',
      'In Apple Passwords, auf allen Geräten mit diesem Konto',
    ],
    [
      'a synced one of nobody knows whom',
      SYNCED,
      ['internal'],
      'In a password manager, on all devices signed in to it',
      'In einem Passwortmanager, auf allen Geräten mit diesem Konto',
    ],
    [
      'one on a security key',
      BOUND,
      ['usb', 'nfc'],
      'Only on this security key',
      'Nur auf diesem Sicherheitsschlüssel',
    ],
    [
      'one of a device',
      BOUND,
      ['internal'],
      'Only on the device where it was created (not synced)',
      'Nur auf dem Gerät, auf dem er erstellt wurde (nicht synchronisiert)',
    ],
    [
      'one that could be synced and is not',
      { ...SYNCED, backedUp: false },
      ['internal', 'hybrid'],
      'Only on the device where it was created (not synced)',
      'Nur auf dem Gerät, auf dem er erstellt wurde (nicht synchronisiert)',
    ],
    [
      'one that says nothing',
      BOUND,
      [],
      'Only on one device or security key',
      'Nur auf einem einzigen Gerät',
    ],
    [
      'one that says everything',
      BOUND,
      ['internal', 'usb'],
      'Only on one device or security key',
      'Nur auf einem einzigen Gerät',
    ],
  ])('%s', async (_, facts, transports, english, german) => {
    expect(await pageOf(facts, transports, 'en')).toContain(english);
    expect(await pageOf(facts, transports, 'de')).toContain(german);
  });
});

describe('the page of account security offers another key', () => {
  let test: TestApp;
  beforeAll(async () => {
    // The keys are rows alone: nobody can prove one of them.
    test = await startPageApp({ mfa: { changesNeed: 'any' } });
  });
  afterAll(() => test.close());

  /** Whether the page offers a key, and what the route says, to somebody with that many keys. */
  const offeredWith = async (keys: number): Promise<[isOffered: boolean, status: number]> => {
    const { user, browser } = await enrolledIn(test);
    const of = { userId: user.id, type: 'webauthn', createdAt: new Date(test.clock.now()) } as const;
    for (let number = 0; number < keys; number++) {
      const authenticatorId = randomUUID();
      await test.dataSource
        .getRepository(Authenticator)
        .insert({ ...of, id: authenticatorId, name: `Key ${number}`, data: '' });
      await test.dataSource.getRepository(WebAuthnCredential).insert({
        ...{
          authenticatorId,
          userId: user.id,
          rpId: RELYING_PARTY.rpId,
          userHandle: 'aGFuZGxl',
          format: 'none',
        },
        ...{
          credentialId: 'a2V5',
          credentialIdHash: authenticatorId,
          publicKey: 'a2V5',
          transports: ['usb'],
        },
        ...{ signCount: 0, aaguid: '00000000-0000-0000-0000-000000000000', backupEligible: false },
        ...{ backedUp: false, uvInitialized: false, passwordless: false },
      });
    }
    const { text } = await browser.get(PAGES);
    const { status } = await user.client.post('/mfa/webauthn/options');
    return [text.includes(`href="${PAGES}/webauthn/add"`), status];
  };

  it.each<[number, boolean, number]>([
    [19, true, 200],
    [20, true, 200],
    [49, true, 200],
    [50, false, 409],
  ])('to somebody with %i, as long as the route takes one', async (keys, isOffered, status) => {
    expect(await offeredWith(keys)).toEqual([isOffered, status]);
  });
});
