import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, WebAuthnService } from 'nestjs-mfa';

import { rowsOf } from '../../support/databases.js';
import type { Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, enrollKey, register, signIn, signInWithPasskey } from '../../support/ceremonies.js';
import type { TestApp } from '../../support/test-app.js';
import {
  ORIGIN,
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  startTestApp,
  users,
} from '../../support/test-app.js';

const webauthn = RELYING_PARTY;

describe('registering a security key', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn } });
  });
  afterAll(() => test.close());

  it('asks for what the options say, and writes nothing', async () => {
    const { client, id } = await signIn(test);
    const statements = await test.logger.statementsOf(async () => {
      const { status, body } = await client.post('/mfa/webauthn/options');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        rp: { id: 'example.com', name: 'Example' },
        user: { name: `${id}@example.com`, displayName: 'Ada Lovelace' },
        pubKeyCredParams: [
          { alg: -7, type: 'public-key' },
          { alg: -8, type: 'public-key' },
          { alg: -257, type: 'public-key' },
        ],
        timeout: 300_000,
        attestation: 'none',
        excludeCredentials: [],
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        extensions: { credProps: true },
      });
      expect(Buffer.from(body.user.id, 'base64url')).toHaveLength(32);
      expect(Buffer.from(body.challenge, 'base64url').length).toBeGreaterThanOrEqual(32);
    });
    expect(statements.length).toBeLessThanOrEqual(2);
    expect(statements.every((sql) => sql.startsWith('SELECT'))).toBe(true);
  });

  it('proves the key, makes recovery codes with the first one, and names them in order', async () => {
    const { client } = await signIn(test);
    const { status, body } = await register(client, new SoftwareAuthenticator());
    expect(status).toBe(201);
    expect(body.authenticator).toMatchObject({ type: 'webauthn', name: 'Master key' });
    expect(body.recoveryCodes).toHaveLength(10);
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
    const names = [];
    for (let key = 0; key < 2; key++) {
      const next = await register(client, new SoftwareAuthenticator());
      expect(next.body.recoveryCodes).toBeUndefined();
      names.push(next.body.authenticator.name);
    }
    expect(names).toEqual(['Backup key', 'Key nr. 3']);
    expect((await client.get('/mfa/status')).body.methods).toEqual(['webauthn', 'recovery_codes']);
  });

  it('names no key as another one, after one was removed', async () => {
    const { client } = await signIn(test);
    const add = async () => (await register(client, new SoftwareAuthenticator())).body.authenticator;
    const master = await add();
    expect((await add()).name).toBe('Backup key');
    expect((await client.delete(`/mfa/authenticators/${master.id}`)).status).toBe(204);
    expect([(await add()).name, (await add()).name]).toEqual(['Key nr. 3', 'Key nr. 4']);
  });

  it('lists keys with what is known of them, and nothing secret', async () => {
    const known = new SoftwareAuthenticator({
      aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d',
      backupEligible: true,
      backedUp: true,
    });
    const { client } = await enrollKey(test, known, { passwordless: true });
    // Of two made in one millisecond nobody knows which is the older.
    test.clock.advance(1);
    await register(client, new SoftwareAuthenticator());
    const { body } = await client.get('/mfa/authenticators?type=webauthn');
    const keys = [
      'backedUp',
      'createdAt',
      'id',
      'lastUsedAt',
      'locked',
      'name',
      'passwordless',
      'role',
      'suspended',
      'transports',
      'type',
    ];
    expect(body[0]).toMatchObject({
      provider: '1Password',
      passwordless: true,
      backedUp: true,
      transports: ['usb'],
    });
    expect(Object.keys(body[1]).sort()).toEqual(keys);
    expect(body[1]).toMatchObject({ passwordless: false, backedUp: false });
  });

  it('keeps one handle per user and excludes the keys that are there', async () => {
    const { client, key } = await enrollKey(test);
    const { body } = await client.post('/mfa/webauthn/options');
    expect(body.user.id).toBe(key.userHandle);
    expect(body.excludeCredentials).toEqual([
      { id: key.credentialId.toString('base64url'), type: 'public-key', transports: ['usb'] },
    ]);
  });

  it('refuses a credential that anybody has registered', async () => {
    const { key } = await enrollKey(test);
    const { client } = await signIn(test);
    const { status, body } = await register(client, key);
    expect([status, body.code]).toEqual([409, 'credential_already_registered']);
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
  });

  it('registers a credential once under parallel requests, and one of two different first ones', async () => {
    const { client } = await signIn(test);
    const { body: options } = await client.post('/mfa/webauthn/options');
    const credential = new SoftwareAuthenticator().create(options);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => client.clone().post('/mfa/webauthn', { credential })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![201, 400, 401, 429].includes(status))).toEqual([]);
  });

  it('takes a new handle from a second first registration for a failure', async () => {
    const { client, id } = await signIn(test);
    const service = test.app.get(WebAuthnService);
    const [one, two] = [
      await service.getCredentialCreationOptions({ id }),
      await service.getCredentialCreationOptions({ id }),
    ];
    await service.verifyRegistration({ id }, new SoftwareAuthenticator().create(one));
    await expect(
      service.verifyRegistration({ id }, new SoftwareAuthenticator().create(two)),
    ).rejects.toMatchObject({
      code: 'webauthn_failed',
    });
    expect((await client.get('/me')).status).toBe(401);
  });

  const HOSTILE: [string, Tampering][] = [
    ['another type', { type: 'webauthn.get' }],
    ['another challenge', { challenge: randomBytes(100).toString('base64url') }],
    ['an empty challenge', { challenge: '' }],
    ['a challenge that is no text', { clientData: { challenge: 7 } }],
    ['another site', { origin: 'https://evil.example' }],
    ['a suffix of the origin', { origin: `${ORIGIN}.evil.io` }],
    ['another port', { origin: `${ORIGIN}:444` }],
    ['http', { origin: ORIGIN.replace('https', 'http') }],
    ['a subdomain', { origin: 'https://x.app.example.com' }],
    ['the bare rpId', { origin: 'https://example.com' }],
    ['the origin null', { origin: 'null' }],
    ['a frame of another origin', { clientData: { crossOrigin: true } }],
    ['a foreign top origin', { clientData: { topOrigin: 'https://evil.example' } }],
    ['another relying party', { rpId: 'evil.example' }],
    ['no user presence', { userPresent: false }],
    ['backed up without being eligible', { backedUp: true }],
    ['another algorithm', { algorithm: -65535 }],
    ['an unknown attestation format', { format: 'nonsense' }],
    ['an attestation without a statement', { format: 'packed' }],
    ['an id of 1024 bytes', { credentialId: randomBytes(1024), json: {} }],
    ['an id beside the signed one', { json: { id: 'AAAA', rawId: 'AAAA' } }],
    ['client data that are no JSON', { response: { clientDataJSON: 'AAAA' } }],
    [
      'client data that are null',
      { response: { clientDataJSON: Buffer.from('null').toString('base64url') } },
    ],
    ['an attestation object that is no CBOR', { response: { attestationObject: '____' } }],
  ];

  it.each(HOSTILE)('refuses %s', async (_, tampering) => {
    const { client } = await signIn(test);
    const { status, body, text } = await register(client, new SoftwareAuthenticator(), {}, tampering);
    expect([status, ['webauthn_failed', 'invalid_request'].includes(body.code)]).toEqual([400, true]);
    expect(text).not.toMatch(/expected|Unexpected|challenge "|stack/);
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
  });

  it('takes an id of 1023 bytes', async () => {
    const { client } = await signIn(test);
    const key = new SoftwareAuthenticator({}, randomBytes(1023));
    expect((await register(client, key)).status).toBe(201);
    expect((await assertKey(client, key)).status).toBe(200);
  });

  const SHAPES: unknown[] = [
    undefined,
    null,
    '',
    'x',
    7,
    true,
    [],
    {},
    [[]],
    { id: 'AAAA' },
    { id: 7, rawId: 7, type: 'public-key', response: {} },
    { id: 'AAAA', rawId: 'AAAA', type: 'public-key' },
    { id: 'AAAA', rawId: 'BBBB', type: 'public-key', response: {} },
    { id: 'AAAA', rawId: 'AAAA', type: 'password', response: {} },
    {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: {}, attestationObject: [] },
    },
    {
      id: 'A A',
      rawId: 'A A',
      type: 'public-key',
      response: { clientDataJSON: 'AA', attestationObject: 'AA' },
    },
    { id: 'A'.repeat(2000), rawId: 'A'.repeat(2000), type: 'public-key', response: {} },
    {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'A'.repeat(9000), attestationObject: 'AA' },
    },
    {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AA', attestationObject: 'AA', transports: 'usb' },
    },
    {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AA', attestationObject: 'AA', transports: [7] },
    },
    {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: '\ud800', attestationObject: 'AA' },
    },
    { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: [], clientExtensionResults: [] },
    { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: {}, clientExtensionResults: 'x' },
  ];

  it('answers credentials of every other shape with a coded 400, on every route that takes one', async () => {
    const passkeys = await startTestApp({ mfa: { webauthn, passkeyLogin: true } });
    const { client } = await enrollKey(passkeys);
    for (const path of ['/mfa/webauthn', '/mfa/authenticate/webauthn', '/mfa/passkey']) {
      for (const credential of SHAPES) {
        const { status, body } = await client.post(path, { credential });
        expect([path, credential, status, body.code]).toEqual([path, credential, 400, 'invalid_request']);
      }
      for (const body of ['{', '[]', 'null', '', { passwordless: 7 }]) {
        expect((await client.post(path, body)).body.code).toBe('invalid_request');
      }
    }
    for (const passwordless of [7, 'yes', {}]) {
      expect((await client.post('/mfa/webauthn/options', { passwordless })).body.code).toBe(
        'invalid_request',
      );
    }
    await passkeys.close();
  });

  it('uses each challenge up, whatever came of it', async () => {
    const { client } = await signIn(test);
    const { body: options } = await client.post('/mfa/webauthn/options');
    const key = new SoftwareAuthenticator();
    const bad = await client.post('/mfa/webauthn', {
      credential: key.create(options, { origin: 'https://evil.example' }),
    });
    const good = await client.post('/mfa/webauthn', { credential: key.create(options) });
    expect([bad.body.code, good.body.code]).toEqual(['webauthn_failed', 'webauthn_failed']);
  });

  it('accepts no challenge of another user, session, ceremony or time', async () => {
    const { client, id } = await signIn(test);
    const { client: other } = await signIn(test);
    const { body: options } = await client.post('/mfa/webauthn/options');
    const key = new SoftwareAuthenticator();
    expect((await other.post('/mfa/webauthn', { credential: key.create(options) })).body.code).toBe(
      'webauthn_failed',
    );
    const elsewhere = test.client();
    await elsewhere.post('/login', { id });
    expect((await elsewhere.post('/mfa/webauthn', { credential: key.create(options) })).body.code).toBe(
      'webauthn_failed',
    );
    test.clock.advance(300);
    expect((await client.post('/mfa/webauthn', { credential: key.create(options) })).body.code).toBe(
      'webauthn_failed',
    );

    const { client: enrolled, key: own } = await enrollKey(test);
    const { body: creation } = await enrolled.post('/mfa/webauthn/options');
    const { body: request } = await enrolled.post('/mfa/authenticate/webauthn/options');
    const swapped = own.get({ challenge: creation.challenge, rpId: 'example.com' });
    expect((await enrolled.post('/mfa/authenticate/webauthn', { credential: swapped })).body.code).toBe(
      'webauthn_failed',
    );
    const made = new SoftwareAuthenticator().create({
      challenge: request.challenge,
      rp: { id: 'example.com' },
    });
    expect((await enrolled.post('/mfa/webauthn', { credential: made })).body.code).toBe('webauthn_failed');
  });

  it('needs a recent second factor of a user who has one', async () => {
    const { client, secret } = await enroll(test);
    test.clock.advance(301);
    expect((await client.post('/mfa/webauthn/options')).body.code).toBe('mfa_required');
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect((await register(client, new SoftwareAuthenticator())).status).toBe(201);
  });
});

describe('a security key as second factor', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn } });
  });
  afterAll(() => test.close());

  it('finishes a sign-in within the statements allowed', async () => {
    const { id, key } = await enrollKey(test);
    const client = test.client();
    expect((await client.post('/login', { id })).body.methods).toEqual(['webauthn', 'recovery_codes']);
    let options = { challenge: '' };
    const asked = await test.logger.statementsOf(async () => {
      const { body } = await client.post('/mfa/authenticate/webauthn/options');
      options = body;
      expect(body).toMatchObject({
        rpId: 'example.com',
        userVerification: 'preferred',
        timeout: 300_000,
        allowCredentials: [
          { id: key.credentialId.toString('base64url'), type: 'public-key', transports: ['usb'] },
        ],
      });
    });
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(asked.every((sql) => sql.startsWith('SELECT'))).toBe(true);
    const verified = await test.logger.statementsOf(async () => {
      const { status, body } = await client.post('/mfa/authenticate/webauthn', {
        credential: key.get(options),
      });
      expect([status, body.status]).toEqual([200, 'authenticated']);
      expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', 'webauthn']);
    });
    expect(verified.length).toBeLessThanOrEqual(6);
    process.stdout.write(
      `WebAuthn options: ${asked.length} statements (at most 2), verify: ${verified.length} (at most 6)\n`,
    );
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
  });

  it('steps up', async () => {
    const { client, key } = await enrollKey(test);
    test.clock.advance(301);
    expect((await client.get('/protected/phishing-resistant')).body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
    });
    expect((await assertKey(client, key)).status).toBe(200);
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
  });

  it('steps up whom the application knows by a sign-in of its own, and nobody else', async () => {
    class OwnSignIn extends TestAdapter {
      override getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
        const { headers } = request as { headers: Record<string, string | undefined> };
        return users.get(headers['x-user'] ?? '') ?? super.getUser(request);
      }
    }
    const own = await startTestApp({ mfa: { webauthn }, adapter: OwnSignIn });
    try {
      const { id, key } = await enrollKey(own);
      const client = own.client({ 'x-user': id });
      expect((await client.get('/protected')).body.code).toBe('mfa_required');
      const { id: stranger } = await enrollKey(own);
      const asStranger = own.client({ 'x-user': stranger });
      const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options);
      expect((await asStranger.post('/mfa/authenticate/webauthn', { credential })).status).toBe(400);
      expect((await assertKey(client, key)).body.status).toBe('authenticated');
      expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  it('is no code: a TOTP does not open what is phishing-resistant', async () => {
    const { client, secret } = await enroll(test);
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect((await client.get('/protected/phishing-resistant')).body).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
      reason: 'other_factor_needed',
      message: 'None of your second factors can be used here. Set up one that can.',
    });
  });

  it.each<[string, Tampering]>([
    ['another type', { type: 'webauthn.create' }],
    ['another site', { origin: 'https://evil.example' }],
    ['a suffix of the origin', { origin: `${ORIGIN}.evil.io` }],
    ['a frame of another origin', { clientData: { crossOrigin: true } }],
    ['a frame without saying which', { clientData: { crossOrigin: 'yes' } }],
    ['a foreign top origin', { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } }],
    ['another relying party', { rpId: 'evil.example' }],
    ['no user presence', { userPresent: false }],
    ['a signature of another key', { wrongKey: true }],
    ['a signature that is none', { response: { signature: 'AAAA' } }],
    ['the handle of another user', { userHandle: randomBytes(32).toString('base64url') }],
    ['a credential that nobody has', { credentialId: randomBytes(32) }],
    ['backup eligibility that it did not have', { backupEligible: true }],
    ['a backup without eligibility', { backedUp: true }],
    ['authenticator data that are cut', { response: { authenticatorData: 'AAAA' } }],
  ])('refuses %s', async (name, tampering) => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    const { status, body, headers } = await assertKey(half, key, tampering);
    expect([name, status, body.code]).toEqual([name, 400, 'webauthn_failed']);
    expect(headers.get('set-cookie')).toBeNull();
    expect((await half.get('/me')).status).toBe(401);
    expect((await assertKey(half, key)).status).toBe(200);
  });

  it('of another user is refused', async () => {
    const ada = await enrollKey(test);
    const bob = await enrollKey(test);
    const half = await halfSignIn(test, ada);
    expect((await assertKey(half, bob.key)).body.code).toBe('webauthn_failed');
    bob.key.userHandle = ada.key.userHandle;
    expect((await assertKey(half, bob.key)).body.code).toBe('webauthn_failed');
  });

  it('works without a user handle, as keys that are not discoverable do', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    expect((await assertKey(half, key, { userHandle: null })).status).toBe(200);
  });

  it('is used once, however often one assertion is sent', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    const credential = key.get(options);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => half.clone().post('/mfa/authenticate/webauthn', { credential })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // The copies have spent the attempts.
    test.clock.advance(300);
    const again = await halfSignIn(test, { id });
    expect((await again.post('/mfa/authenticate/webauthn', { credential })).body.code).toBe(
      'webauthn_failed',
    );
  });

  it('has one spelling of its id', async () => {
    const { id, key } = await enrollKey(test);
    const half = await halfSignIn(test, { id });
    const canonical = key.credentialId.toString('base64url');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet[alphabet.indexOf(canonical.at(-1) as string) + 1] as string;
    const other = canonical.slice(0, -1) + last;
    expect(Buffer.from(other, 'base64url')).toEqual(key.credentialId);
    expect((await assertKey(half, key, { json: { id: other, rawId: other } })).body.code).toBe(
      'webauthn_failed',
    );
  });

  it('may have no counter at all', async () => {
    const key = new SoftwareAuthenticator({ signCount: 0 });
    const { id } = await enrollKey(test, key);
    for (let time = 0; time < 2; time++) {
      expect((await assertKey(await halfSignIn(test, { id }), key)).status).toBe(200);
    }
  });

  it('goes with its authenticator', async () => {
    const { client, key, id, authenticatorId } = await enrollKey(test);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    const rows = await rowsOf(test.dataSource, 'SELECT * FROM mfa_webauthn_credential WHERE user_id = ?', [
      id,
    ]);
    expect(rows).toEqual([]);
    const again = await signIn(test);
    expect((await register(again.client, key)).status).toBe(201);
  });

  it('is checked outside HTTP too', async () => {
    const { id, key, authenticatorId } = await enrollKey(test);
    const service = test.app.get(WebAuthnService);
    await expect(service.getRpId()).resolves.toBe('example.com');
    expect(service.getOrigin()).toBe(ORIGIN);
    expect(service.getOrigin({ headers: { origin: 'https://evil.example' } })).toBe(ORIGIN);
    const options = await service.getCredentialRequestOptions({ id });
    const credential = key.get(options);
    await expect(service.verifyAuthentication({ id }, credential)).resolves.toMatchObject({
      id: authenticatorId,
    });
    await expect(service.verifyAuthentication({ id }, credential)).rejects.toMatchObject({
      code: 'webauthn_failed',
    });
  });

  it('is asked of nobody without a factor', async () => {
    const { client } = await signIn(test);
    expect((await client.post('/mfa/authenticate/webauthn/options')).body.code).toBe(
      'mfa_enrollment_required',
    );
    expect((await test.client().post('/mfa/authenticate/webauthn/options')).status).toBe(401);
  });
});

describe('signing in with a passkey', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn, passkeyLogin: true } });
  });
  afterAll(() => test.close());

  it('counts as both factors', async () => {
    const { key, id } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const client = test.client();
    const { body: options } = await client.post('/mfa/passkey/options');
    expect(options).toMatchObject({ rpId: 'example.com', userVerification: 'required' });
    expect(options).not.toHaveProperty('allowCredentials');
    const { status, body, headers } = await client.post('/mfa/passkey', { credential: key.get(options) });
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect(body.proven).toEqual([
      {
        method: 'webauthn',
        at: expect.any(String),
        userVerified: true,
        backedUp: false,
        attested: false,
      },
    ]);
    expect(headers.get('set-cookie')).toMatch(/^mfa_session=/);
    expect((await client.get('/me')).body.id).toBe(id);
    expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
  });

  it('asks for a discoverable key with user verification', async () => {
    const { client } = await signIn(test);
    const { body } = await client.post('/mfa/webauthn/options', { passwordless: true });
    expect(body.authenticatorSelection).toMatchObject({
      residentKey: 'required',
      userVerification: 'required',
    });
    const { status } = await register(client, new SoftwareAuthenticator({ userVerified: false }), {
      passwordless: true,
    });
    expect(status).toBe(400);
  });

  it('ends the session that the browser held', async () => {
    const { key, client } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const before = client.clone();
    expect((await signInWithPasskey(client, key)).status).toBe(200);
    expect((await before.get('/me')).status).toBe(401);
  });

  it.each<[string, Tampering]>([
    ['no user verification', { userVerified: false }],
    ['no user handle', { userHandle: null }],
    ['the handle of another user', { userHandle: randomBytes(32).toString('base64url') }],
    ['a signature of another key', { wrongKey: true }],
    ['another site', { origin: 'https://evil.example' }],
  ])('is refused with %s, and all look the same', async (_, tampering) => {
    const { key } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const client = test.client();
    const { status, body, headers } = await signInWithPasskey(client, key, tampering);
    expect([status, headers.get('set-cookie')]).toEqual([400, null]);
    expect(body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: 'The security key or passkey could not be verified.',
      code: 'webauthn_failed',
    });
  });

  it('tells the browser of a passkey that is not known here (any more)', async () => {
    const { key, client, authenticatorId } = await enrollKey(test, new SoftwareAuthenticator(), {
      passwordless: true,
    });
    const userId = key.userHandle;
    expect((await client.get('/mfa/webauthn/signals')).body).toEqual({
      allAcceptedCredentials: {
        rpId: 'example.com',
        userId,
        allAcceptedCredentialIds: [key.credentialId.toString('base64url')],
      },
      currentUserDetails: {
        rpId: 'example.com',
        userId,
        name: expect.any(String),
        displayName: 'Ada Lovelace',
      },
    });
    await client.delete(`/mfa/authenticators/${authenticatorId}`);
    expect((await client.get('/mfa/webauthn/signals')).body.allAcceptedCredentials).toEqual({
      rpId: 'example.com',
      userId,
      allAcceptedCredentialIds: [],
    });
    const { status, body } = await signInWithPasskey(test.client(), key);
    expect([status, body.code, body.unknownCredential]).toEqual([
      400,
      'webauthn_failed',
      { rpId: 'example.com', credentialId: key.credentialId.toString('base64url') },
    ]);
    expect((await (await signIn(test)).client.get('/mfa/webauthn/signals')).status).toBe(404);
  });

  it('takes a second factor that keeps its user and has verified them', async () => {
    const { key } = await enrollKey(test);
    expect((await signInWithPasskey(test.client(), key)).body.status).toBe('authenticated');
    expect((await signInWithPasskey(test.client(), key, { userVerified: false })).status).toBe(400);
    expect((await signInWithPasskey(test.client(), key, { userHandle: null })).status).toBe(400);
  });

  it('is refused to a key that has never verified its user: a thief could set its PIN', async () => {
    const { key, id } = await enrollKey(test, new SoftwareAuthenticator({ userVerified: false }));
    const verified = { userVerified: true };
    expect((await signInWithPasskey(test.client(), key, verified)).body.code).toBe('webauthn_failed');
    // Beside the password it has.
    expect((await assertKey(await halfSignIn(test, { id }), key, verified)).status).toBe(200);
    expect((await signInWithPasskey(test.client(), key, verified)).status).toBe(200);
  });

  it('is refused to a user who is gone', async () => {
    const { key, id } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    users.delete(id);
    expect((await signInWithPasskey(test.client(), key)).body.code).toBe('webauthn_failed');
  });

  it('takes no challenge of a second-factor ceremony, and gives none', async () => {
    const { key, id } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const half = await halfSignIn(test, { id });
    const { body: second } = await half.post('/mfa/authenticate/webauthn/options');
    expect((await half.post('/mfa/passkey', { credential: key.get(second) })).body.code).toBe(
      'webauthn_failed',
    );
    const { body: first } = await half.post('/mfa/passkey/options');
    const crossed = await half.post('/mfa/authenticate/webauthn', { credential: key.get(first) });
    expect(crossed.body.code).toBe('webauthn_failed');
  });

  it('starts one session, however often one assertion is sent', async () => {
    const { key } = await enrollKey(test, new SoftwareAuthenticator(), { passwordless: true });
    const { body: options } = await test.client().post('/mfa/passkey/options');
    const credential = key.get(options);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => test.client().post('/mfa/passkey', { credential })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('writes nothing for those who only ask, and is not sent by another site', async () => {
    const statements = await test.logger.statementsOf(() => test.client().post('/mfa/passkey/options'));
    expect(statements).toEqual([]);
    const evil = { 'sec-fetch-site': 'cross-site' };
    expect((await test.client().post('/mfa/passkey/options', undefined, evil)).body.code).toBe(
      'cross_origin',
    );
    expect((await test.client().post('/mfa/passkey', {}, evil)).body.code).toBe('cross_origin');
  });

  it('is not there when it is off', async () => {
    const off = await startTestApp({ mfa: { webauthn } });
    for (const path of ['/mfa/passkey', '/mfa/passkey/options']) {
      expect((await off.client().post(path, {})).status).toBe(404);
    }
    await off.close();
  });
});

describe('policies of the relying party', () => {
  it('demands user verification and attestation', async () => {
    const strict = await startTestApp({ mfa: { webauthn: { ...webauthn, userVerification: 'required' } } });
    const { client } = await signIn(strict);
    expect((await register(client, new SoftwareAuthenticator({ userVerified: false }))).status).toBe(400);
    const key = new SoftwareAuthenticator();
    expect((await register(client, key)).status).toBe(201);
    expect((await assertKey(client, key, { userVerified: false })).body.code).toBe('webauthn_failed');
    await strict.close();

    for (const [attestation, status] of [
      ['none', 201],
      ['indirect', 201],
      ['direct', 400],
      ['enterprise', 400],
    ] as const) {
      const test = await startTestApp({ mfa: { webauthn: { ...webauthn, attestation } } });
      const user = await signIn(test);
      const { body } = await user.client.post('/mfa/webauthn/options');
      expect(body.attestation).toBe(attestation);
      expect((await register(user.client, new SoftwareAuthenticator())).status).toBe(status);
      await test.close();
    }
  });

  it('leaves the last word on an attestation to the adapter, and the names to it too', async () => {
    class PickyAdapter extends DefaultMfaAdapter {
      override getPublicKeyCredentialRpEntity() {
        return { id: 'example.com', name: 'My Application' };
      }
      override getPublicKeyCredentialUserEntity(_: unknown, userHandle: string) {
        return { id: userHandle, name: 'somebody', displayName: 'Somebody' };
      }
      override verifyAttestation({ aaguid }: { aaguid: string }): boolean {
        return aaguid !== '00000000-0000-0000-0000-000000000000';
      }
      override getAuthenticatorProvider(aaguid: string): string {
        return `Model ${aaguid.slice(0, 4)}`;
      }
    }
    const test = await startTestApp({ adapter: PickyAdapter, mfa: { webauthn } });
    const { client } = await signIn(test);
    const { body } = await client.post('/mfa/webauthn/options');
    expect([body.rp.name, body.user.name, body.user.displayName]).toEqual([
      'My Application',
      'somebody',
      'Somebody',
    ]);
    expect((await register(client, new SoftwareAuthenticator())).body.code).toBe('webauthn_failed');
    const aaguid = 'abcd5566-a7aa-401f-bd96-45619a55120d';
    expect((await register(client, new SoftwareAuthenticator({ aaguid }))).status).toBe(201);
    expect((await client.get('/mfa/authenticators')).body[0].provider).toBe('Model abcd');
    await test.close();
  });

  it('serves related origins, when there are any', async () => {
    const origins = [ORIGIN, 'https://example.com', 'https://example.co.uk', 'https://notexample.com'];
    const test = await startTestApp({ mfa: { webauthn: { ...webauthn, origins } } });
    const { status, body, headers } = await test.client().get('/.well-known/webauthn');
    expect([status, body]).toEqual([200, { origins: ['https://example.co.uk', 'https://notexample.com'] }]);
    expect(headers.get('content-type')).toContain('application/json');
    const { client } = await signIn(test);
    expect(
      (await register(client, new SoftwareAuthenticator({ origin: 'https://example.co.uk' }))).status,
    ).toBe(201);
    await test.close();
    const none = await startTestApp({ mfa: { webauthn } });
    expect((await none.client().get('/.well-known/webauthn')).status).toBe(404);
    await none.close();
  });

  it('tells browsers which authenticators to offer first, where the application minds', async () => {
    const test = await startTestApp({
      mfa: { webauthn: { ...webauthn, hints: ['security-key', 'hybrid'] }, passkeyLogin: true },
    });
    const { client } = await enrollKey(test);
    for (const path of [
      '/mfa/webauthn/options',
      '/mfa/authenticate/webauthn/options',
      '/mfa/passkey/options',
    ]) {
      const { body } = await client.post(path);
      expect([path, body.hints]).toEqual([path, ['security-key', 'hybrid']]);
    }
    await test.close();
  });

  it('has no routes without a relying party', async () => {
    const test = await startTestApp();
    const { client } = await signIn(test);
    expect((await client.post('/mfa/webauthn/options')).body.code).toBe('not_found');
    const user = await enroll(test);
    expect((await user.client.post('/mfa/authenticate/webauthn/options')).body.code).toBe('not_found');
    await test.close();
  });

  it('accepts challenges of a former secret', async () => {
    const secrets = [
      'a newer secret of 32 bytes, now the first',
      'a secret for the tests, of 32 bytes or more',
    ];
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-'));
    const before = await startTestApp({ mfa: { webauthn }, database: `${folder}/x.sqlite` });
    const { client, key } = await enrollKey(before);
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
    await before.close();
    const after = await startTestApp({ mfa: { webauthn, secret: secrets }, database: `${folder}/x.sqlite` });
    const same = after.client({
      cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    });
    expect((await same.post('/mfa/authenticate/webauthn', { credential: key.get(options) })).status).toBe(
      200,
    );
    await after.close();
    rmSync(folder, { recursive: true });
  });
});
