import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaEvents, WebAuthnService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, register, signIn, signInWithPasskey } from '../../support/ceremonies.js';
import type { TestApp } from '../../support/test-app.js';
import { ORIGIN, RELYING_PARTY, halfSignIn, startTestApp } from '../../support/test-app.js';

type Json = Record<string, unknown>;

/** Ways in which clients write down the same credential. */
const SPELLINGS: [string, (credential: Json) => Json][] = [
  ['as browsers do', (credential) => credential],
  [
    'with padding',
    (credential) =>
      everyText(credential, (text) =>
        Buffer.from(text, 'base64url').toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
      ),
  ],
  [
    'in the other alphabet',
    (credential) => everyText(credential, (text) => text.replaceAll('-', '+').replaceAll('_', '/')),
  ],
  [
    'in the other alphabet, with padding',
    (credential) => everyText(credential, (text) => Buffer.from(text, 'base64url').toString('base64')),
  ],
  ['without `rawId`', ({ rawId: _, ...credential }) => credential],
  ['with an empty `rawId`', (credential) => ({ ...credential, rawId: null })],
  ['without extensions', ({ clientExtensionResults: _, ...credential }) => credential],
  ['with no extensions', (credential) => ({ ...credential, clientExtensionResults: null })],
  ['without an attachment', ({ authenticatorAttachment: _, ...credential }) => credential],
  ['with no attachment', (credential) => ({ ...credential, authenticatorAttachment: null })],
  ['with no transports', (credential) => inResponse(credential, { transports: null })],
  ['with undefined transports', (credential) => inResponse(credential, { transports: undefined })],
  [
    'with more than is asked for',
    (credential) => ({
      ...inResponse(credential, {
        publicKey: 'AAAA',
        publicKeyAlgorithm: -7,
        authenticatorData: undefined,
        ...(credential['response'] as Json),
        x: {},
      }),
      getClientExtensionResults: {},
      extra: [1],
    }),
  ],
];

function inResponse(credential: Json, response: Json): Json {
  return { ...credential, response: { ...(credential['response'] as Json), ...response } };
}

/** Writes the bytes of a credential differently. */
function everyText({ id, rawId, response, ...rest }: Json, write: (text: string) => string): Json {
  const fields = Object.entries(response as Json).map(([name, value]) => [
    name,
    typeof value === 'string' ? write(value) : value,
  ]);
  return {
    ...rest,
    id: write(id as string),
    rawId: write(rawId as string),
    response: Object.fromEntries(fields) as Json,
  };
}

describe('clients', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, passkeyLogin: true } });
  });
  afterAll(() => test.close());

  it.each(SPELLINGS)('may write a credential %s', async (_, write) => {
    const { client, id } = await signIn(test);
    // Ids of many lengths, so that some need padding, and bytes that the alphabets tell apart.
    for (const bytes of [
      [255, 254, 253],
      [255, 254, 253, 252],
      [251, 255, 254, 253, 252],
    ]) {
      const credentialId = Buffer.concat([Buffer.from(bytes), Buffer.from(id)]);
      const key = new SoftwareAuthenticator({}, credentialId);
      const { body: creation } = await client.post('/mfa/webauthn/options', { passwordless: true });
      const added = await client.post('/mfa/webauthn', { credential: write(key.create(creation)) });
      expect([added.status, added.body.code]).toEqual([201, undefined]);
      const half = await halfSignIn(test, { id });
      const { body: request } = await half.post('/mfa/authenticate/webauthn/options');
      const proven = await half.post('/mfa/authenticate/webauthn', { credential: write(key.get(request)) });
      expect([proven.status, proven.body.code]).toEqual([200, undefined]);
      const { body: passkey } = await test.client().post('/mfa/passkey/options');
      const signedIn = await test.client().post('/mfa/passkey', { credential: write(key.get(passkey)) });
      expect([signedIn.status, signedIn.body.code]).toEqual([200, undefined]);
    }
  });

  it('may spell a credential in two ways, and use its challenge once', async () => {
    const { key, id } = await enrollKey(test);
    for (const [, first] of SPELLINGS.slice(0, 4)) {
      for (const [, second] of SPELLINGS.slice(0, 4)) {
        const half = await halfSignIn(test, { id });
        const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
        const credential = key.get(options);
        const uses = [];
        for (const write of [first, second]) {
          uses.push(
            (await half.post('/mfa/authenticate/webauthn', { credential: write(credential) })).status,
          );
        }
        expect(uses).toEqual([200, 400]);
        test.clock.advance(300);
      }
    }
  });

  it.each<[string, Json]>([
    ['another `rawId`', { rawId: 'AAAA' }],
    ['a `rawId` that is no text', { rawId: {} }],
    ['padding in between', { id: 'AA=A', rawId: 'AA=A' }],
    ['nothing but padding', { id: '==', rawId: '==' }],
    ['three signs of padding', { id: 'AAAA===', rawId: 'AAAA===' }],
    ['a line break', { id: 'AA\nAA', rawId: 'AA\nAA' }],
  ])('may not send %s', async (_, json) => {
    const { key, client } = await enrollKey(test);
    const { status, body } = await assertKey(client, key, { json });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('may send an empty user handle for a key, as Safari does, and not for a passkey', async () => {
    const { key, id } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    for (const userHandle of ['', null]) {
      const response = { userHandle };
      expect((await assertKey(await halfSignIn(test, { id }), key, { response })).status).toBe(200);
      const { status, body } = await signInWithPasskey(test.client(), key, { response });
      expect([status, body.code]).toEqual([400, 'webauthn_failed']);
    }
  });
});

describe('origins of applications', () => {
  const ANDROID = 'android:apk-key-hash:qSfu0L7hYl3Hq2MJ1wgBSAr0LQIlsn0MRMdWjSIDfX0';
  const CHROME = 'chrome-extension://nngceckbapebfimnlniiiahkandclblb';
  const FIREFOX = 'moz-extension://5b1d5f5e-7b1a-4f0c-9d55-0a4d4f5d5b0e';
  const SAFARI = 'safari-web-extension://0CA56F53-1C34-4F1C-8A5C-1F8D2F8C5B53';

  it('are compared as they are', async () => {
    const origins = [ANDROID, CHROME, FIREFOX, SAFARI, ORIGIN, 'https://example.co.uk'];
    const test = await startTestApp({ mfa: { webauthn: { ...RELYING_PARTY, origins } } });
    const { client, id } = await signIn(test);
    for (const origin of origins) {
      const key = new SoftwareAuthenticator({ origin });
      expect((await register(client, key)).status).toBe(201);
      expect((await assertKey(await halfSignIn(test, { id }), key)).status).toBe(200);
    }
    const key = new SoftwareAuthenticator();
    await register(client, key);
    for (const origin of [
      'android:apk-key-hash:AAAA',
      `${ANDROID}=`,
      ANDROID.toUpperCase(),
      'chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      `${CHROME}/`,
      SAFARI.toLowerCase(),
    ]) {
      expect((await assertKey(client, key, { origin })).body.code).toBe('webauthn_failed');
      test.clock.advance(300);
      await assertKey(client, key);
    }
    const service = test.app.get(WebAuthnService);
    expect(service.getOrigin()).toBe(ORIGIN);
    expect(service.getOrigin({ headers: { origin: CHROME } })).toBe(CHROME);
    expect(service.getOrigin({ headers: { origin: 'android:apk-key-hash:AAAA' } })).toBe(ORIGIN);
    const { body } = await test.client().get('/.well-known/webauthn');
    expect(body).toEqual({ origins: ['https://example.co.uk'] });
    await test.close();
  });
});

describe('a key that can be synced', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, locales: ['en', 'de'] } });
    test.app.get(MfaEvents).on('mfa.authenticator.backup_eligibility_changed', (event) => events.push(event));
  });
  afterAll(() => test.close());

  it('is asked for on other devices too', async () => {
    const cases: [boolean, string[], string[]][] = [
      [true, ['internal'], ['internal', 'hybrid']],
      [true, ['hybrid', 'internal'], ['hybrid', 'internal']],
      [true, [], []],
      [false, ['internal'], ['internal']],
      [false, ['usb', 'nfc'], ['usb', 'nfc']],
    ];
    for (const [backupEligible, transports, expected] of cases) {
      const key = new SoftwareAuthenticator({ backupEligible, response: { transports } });
      const { id } = await enrollKey(test, key);
      const half = await halfSignIn(test, { id });
      const { body } = await half.post('/mfa/authenticate/webauthn/options');
      expect(body.allowCredentials).toMatchObject([{ id: key.credentialId.toString('base64url') }]);
      expect(body.allowCredentials[0].transports ?? []).toEqual(expected);
    }
  });

  it.each([true, false])(
    'and could not before, or the other way round (%s), is refused with a word',
    async (was) => {
      const key = new SoftwareAuthenticator({ backupEligible: was });
      const { id, authenticatorId } = await enrollKey(test, key);
      events.length = 0;
      const half = await halfSignIn(test, { id });
      const changed = { backupEligible: !was };
      const { status, body } = await assertKey(half, key, changed);
      expect([status, body.code, body.reason]).toEqual([
        400,
        'webauthn_failed',
        'backup_eligibility_changed',
      ]);
      expect(body.message).toContain('register it again');
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const german = await half.post(
        '/mfa/authenticate/webauthn',
        { credential: key.get(options, changed) },
        { 'accept-language': 'de' },
      );
      expect(german.body.message).toContain('registrieren Sie ihn erneut');
      await test.settled();
      expect(events).toMatchObject([
        { userId: id, data: { authenticator: { id: authenticatorId }, backupEligible: !was } },
      ]);
      // Somebody who does not have the key learns nothing, and tells nothing.
      const forged = await assertKey(half, key, { ...changed, wrongKey: true });
      expect([forged.body.code, forged.body.reason]).toEqual(['webauthn_failed', undefined]);
      expect(events).toHaveLength(1);
      expect((await assertKey(half, key)).status).toBe(200);
    },
  );

  it('is used as what it is from then on, where the options say so', async () => {
    const lax = await startTestApp({
      mfa: { webauthn: { ...RELYING_PARTY, backupEligibilityChange: 'report' } },
    });
    const seen: boolean[] = [];
    lax.app.get(MfaEvents).on('mfa.authenticator.backup_eligibility_changed', ({ data }) => {
      seen.push(data.backupEligible);
    });
    const { id, key } = await enrollKey(lax);
    const prove = async (tampering: object) =>
      (await assertKey(await halfSignIn(lax, { id }), key, tampering)).status;
    expect(await prove({ signCount: 7 })).toBe(200);
    // Where it went to nobody counts.
    expect(await prove({ backupEligible: true, signCount: 0 })).toBe(200);
    expect(await prove({ backupEligible: true, signCount: 0 })).toBe(200);
    await lax.settled();
    expect(seen).toEqual([true]);
    await lax.close();
  });

  it('has its text from the adapter, where that has one', async () => {
    class Adapter extends DefaultMfaAdapter {
      override getReasonMessage(reason: string): string {
        return `Because of ${reason}`;
      }
    }
    const own = await startTestApp({ adapter: Adapter, mfa: { webauthn: RELYING_PARTY } });
    const { key, client } = await enrollKey(own);
    const { body } = await assertKey(client, key, { backupEligible: true });
    expect(body.message).toBe('Because of backup_eligibility_changed');
    await own.close();
  });
});
