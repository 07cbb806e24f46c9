import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaRequest } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaImportService,
  RecoveryCodesService,
  MfaRequestService,
  TotpService,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, newUserId, startTestApp, users } from '../support/test-app.js';

/** The request of a client, as the module's own routes see it. */
const contextOf = (test: TestApp, client: Client): Promise<MfaRequest> =>
  test.app.get(MfaRequestService).resolve({
    headers: { cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  });

/** A user with an app and a key, signed in, whose proofs are as old as the grace period allows and then some. */
const withKey = async (test: TestApp): Promise<Enrolled & { key: SoftwareAuthenticator; keyId: string }> => {
  const user = await enroll(test);
  const key = new SoftwareAuthenticator();
  const { body: options } = await user.client.post('/mfa/webauthn/options', {});
  const { body, status } = await user.client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  test.clock.advance(301);
  return { ...user, key, keyId: body.authenticator.id };
};

const proveByCode = async (test: TestApp, { client, secret }: Enrolled) => {
  const { status } = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
  expect(status).toBe(200);
};

/** Every route that changes factors or what hangs on them. */
const everyChange = (client: Client, ids: { keyId: string; authenticatorId: string }) => [
  () => client.post('/mfa/totp'),
  () => client.post('/mfa/totp/activate', { code: '123456' }),
  () => client.post('/mfa/webauthn/options', {}),
  () => client.post('/mfa/webauthn', { credential: {} }),
  () => client.post('/mfa/recovery-codes'),
  () => client.patch(`/mfa/authenticators/${ids.keyId}`, { name: 'Mine' }),
  () => client.delete(`/mfa/authenticators/${ids.keyId}`),
  () => client.delete(`/mfa/authenticators/${ids.authenticatorId}`),
  () => client.delete('/mfa/trusted-devices'),
  () => client.delete('/mfa/trusted-devices/none'),
];

describe('changes of factors', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, totp: { maxPerUser: 2 } } });
  });
  afterAll(() => test.close());

  it('of a user with a key need the key: a code that was relayed is not enough', async () => {
    const user = await withKey(test);
    await proveByCode(test, user);
    for (const change of everyChange(user.client, user)) {
      const { status, body } = await change();
      expect([status, body.code, body.methods]).toEqual([
        401,
        'mfa_required',
        ['webauthn', 'recovery_codes'],
      ]);
    }
    // It opens all else that a second factor opens.
    expect((await user.client.get('/protected')).status).toBe(200);

    const { body: options } = await user.client.post('/mfa/authenticate/webauthn/options');
    await user.client.post('/mfa/authenticate/webauthn', { credential: user.key.get(options) });
    expect((await user.client.post('/mfa/recovery-codes')).status).toBe(201);
    expect((await user.client.delete(`/mfa/authenticators/${user.keyId}`)).status).toBe(204);
  });

  it('of a user with a key are open to a recovery code, for who has lost the key', async () => {
    const user = await withKey(test);
    await user.client.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
    expect((await user.client.delete(`/mfa/authenticators/${user.keyId}`)).status).toBe(204);
    // With the key gone the app is all there is.
    test.clock.advance(301);
    await proveByCode(test, user);
    expect((await user.client.post('/mfa/recovery-codes')).status).toBe(201);
  });

  it('are open to any factor where the option says so', async () => {
    const lenient = await startTestApp({ mfa: { webauthn: RELYING_PARTY, changesNeed: 'any' } });
    const user = await withKey(lenient);
    await proveByCode(lenient, user);
    expect((await user.client.post('/mfa/recovery-codes')).status).toBe(201);
    await lenient.close();
  });

  it('ask the same of a service that is given the request', async () => {
    const user = await withKey(test);
    const context = await contextOf(test, user.client);
    const codes = test.app.get(RecoveryCodesService);
    const { user: owner } = context;
    if (!owner) throw new Error('Nobody is signed in');
    await expect(codes.regenerate(owner, context)).rejects.toMatchObject({ code: 'mfa_required' });
    await test.app.get(AuthenticationSessionService).revokeAll(owner);
    await expect(codes.regenerate(owner, context)).rejects.toMatchObject({ code: 'session_expired' });
    // Code of the application's own is not asked.
    await expect(codes.regenerate(owner)).resolves.toHaveLength(10);
  });
});

describe('a set-up', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('is seen and finished by the session that began it, and by no other', async () => {
    const id = newUserId();
    const [thief, owner] = [test.client(), test.client()];
    await thief.post('/login', { id });
    const { body: stolen } = await thief.post('/mfa/totp');
    await owner.post('/login', { id });
    const totp = test.app.get(TotpService);
    const user = users.get(id);
    if (!user) throw new Error('Nobody signed in');

    const context = await contextOf(test, owner);
    expect(await totp.getSetup(user, context)).toBeNull();
    expect(await totp.getSetup(user)).toBeNull();
    const code = codeOf(stolen.secret, test.clock);
    expect((await owner.post('/mfa/totp/activate', { code })).body.code).toBe('no_pending_setup');
    await expect(totp.activate(user, { code })).rejects.toMatchObject({ code: 'no_pending_setup' });

    const key = await totp.getTotpKey(user, context);
    expect(key).not.toBe(stolen.secret);
    expect((await totp.getAuthenticator(user, context)).getSecretKey()).toBe(key);
    // And the other way round.
    const { status, body } = await thief.post('/mfa/totp/activate', { code: codeOf(key, test.clock) });
    expect([status, body.code]).toEqual([409, 'no_pending_setup']);
    expect((await owner.post('/mfa/totp/activate', { code: codeOf(key, test.clock) })).status).toBe(201);
  });

  it('survives a change of the token of its session', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/reauthenticate', { id });
    const code = codeOf(setup.secret, test.clock);
    expect((await client.post('/mfa/totp/activate', { code })).status).toBe(201);
  });

  it('of the application itself belongs to no session', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const totp = test.app.get(TotpService);
    const key = await totp.getTotpKey({ id });
    expect(await totp.getTotpKey({ id })).toBe(key);
    const code = codeOf(key, test.clock);
    expect((await client.post('/mfa/totp/activate', { code })).body.code).toBe('no_pending_setup');
    await expect(totp.activate({ id }, { code })).resolves.toMatchObject({ isFirst: true });
  });
});

describe('the grace period for enrollment', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { requiredForStaff: true, enrollmentGracePeriodSeconds: 86_400 } });
  });
  afterAll(() => test.close());

  const expectNoGrace = async (id: string) => {
    const client = test.client();
    const { body } = await client.post('/login', { id });
    expect(body).toMatchObject({ status: 'enrollment_required' });
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: false, required: true });
  };

  it('is there for who never had a factor', async () => {
    const client = test.client();
    const { body } = await client.post('/login', { id: newUserId(), isStaff: true });
    expect(body.status).toBe('authenticated');
    expect((await client.get('/protected')).status).toBe(200);
  });

  it('does not start after a reset', async () => {
    const { id } = await enroll(test, { isStaff: true });
    await test.app.get(MfaAdminService).reset(id, 'Lost the phone');
    await expectNoGrace(id);
  });

  it('does not start after the last factor was removed', async () => {
    const { id, client, authenticatorId } = await enroll(test);
    await client.delete(`/mfa/authenticators/${authenticatorId}`);
    users.set(id, { ...users.get(id), id, isStaff: true });
    await expectNoGrace(id);
  });

  it('does not start after an import', async () => {
    const id = newUserId();
    users.set(id, { id, isStaff: true });
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const report = await test.app.get(MfaImportService).importRecords([{ userId: id, totp: { secret } }]);
    expect(report.imported).toBe(1);
    await test.app.get(MfaAdminService).reset(id, 'Lost the phone');
    await expectNoGrace(id);
  });
});
