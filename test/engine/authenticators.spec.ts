import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthenticationSession, MfaAuthenticatedSession } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaImportService,
  MfaService,
  TotpAuthenticator,
  TotpService,
  authenticatorLabel,
} from 'nestjs-mfa';

import { rowsOf } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

describe('authenticators', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('are listed without anything secret', async () => {
    const { client, secret } = await enroll(test);
    const { body, text } = await client.get('/mfa/authenticators');
    expect(body.map(({ type }: { type: string }) => type)).toEqual(['totp', 'recovery_codes']);
    expect(Object.keys(body[0]).sort()).toEqual([
      'createdAt',
      'id',
      'lastUsedAt',
      'locked',
      'name',
      'suspended',
      'type',
    ]);
    expect(text).not.toContain(secret);
    expect((await client.get('/mfa/authenticators?type=webauthn')).body).toEqual([]);
  });

  it('may be given the name that they have', async () => {
    const { client, authenticatorId } = await enroll(test);
    const path = `/mfa/authenticators/${authenticatorId}`;
    for (let time = 0; time < 2; time++) {
      expect((await client.patch(path, { name: 'Phone' })).status).toBe(200);
    }
  });

  it('are renamed', async () => {
    const { client, authenticatorId } = await enroll(test);
    const { status, body } = await client.patch(`/mfa/authenticators/${authenticatorId}`, {
      name: '  Büro 📱 ',
    });
    expect([status, body.name, body.id]).toEqual([200, 'Büro 📱', authenticatorId]);
    expect((await client.get('/mfa/authenticators')).body[0].name).toBe('Büro 📱');
  });

  it('of another user are not found, and stay', async () => {
    const ada = await enroll(test);
    const bob = await enroll(test);
    for (const answer of [
      await bob.client.patch(`/mfa/authenticators/${ada.authenticatorId}`, { name: 'mine' }),
      await bob.client.delete(`/mfa/authenticators/${ada.authenticatorId}`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect((await ada.client.get('/mfa/authenticators')).body[0]).toMatchObject({
      id: ada.authenticatorId,
      name: 'Authenticator app',
    });
  });

  it('take the recovery codes and all proofs along when the last one goes', async () => {
    const { client, id, authenticatorId, recoveryCodes, secret } = await enroll(test);
    const elsewhere = await halfSignIn(test, { id });
    await elsewhere.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    const { status, text } = await client.delete(`/mfa/authenticators/${authenticatorId}`);
    expect([status, text]).toEqual([204, '']);
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
    expect((await client.get('/mfa/recovery-codes')).body.total).toBe(0);
    expect((await client.get('/mfa/status')).body).toMatchObject({
      enabled: false,
      verified: false,
      methods: [],
    });
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    expect((await elsewhere.get('/me')).status).toBe(401);
    const fresh = test.client();
    expect((await fresh.post('/login', { id })).body.status).toBe('authenticated');
    expect((await fresh.post('/mfa/authenticate', { code: recoveryCodes[0] })).body.code).toBe(
      'mfa_enrollment_required',
    );
    expect(test.adapter.notifications.at(-1)).toMatchObject({
      type: 'authenticator_removed',
      authenticatorType: 'totp',
    });
  });

  it('can be set up again after the last one went', async () => {
    const { client, authenticatorId, id } = await enroll(test);
    await client.delete(`/mfa/authenticators/${authenticatorId}`);
    await client.post('/reauthenticate', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect(body.recoveryCodes).toHaveLength(10);
  });

  it('keep the rest of the proofs when one of two goes', async () => {
    const two = await startTestApp({ mfa: { totp: { maxPerUser: 2 } } });
    const { client, authenticatorId, secret } = await enroll(two);
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, two.clock), name: 'Second' });
    two.clock.advance(60);
    // Proven by the first, which then goes: what it proved goes with it.
    await client.post('/mfa/authenticate', { code: codeOf(secret, two.clock) });
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    expect((await client.get('/mfa/status')).body).toMatchObject({
      enabled: true,
      verified: false,
      recoveryCodes: { total: 10, remaining: 10 },
    });
    expect((await client.get('/protected')).body.code).toBe('mfa_required');
    await two.close();
  });
});

describe('services without HTTP', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('set up, show once, and check an authenticator app', async () => {
    const totp = test.app.get(TotpService);
    const user = { id: newUserId(), email: 'ada@example.com' };
    expect(totp.generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(TotpAuthenticator.generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
    const secret = await totp.getTotpKey(user);
    await expect(totp.getTotpKey(user)).resolves.toBe(secret);
    const inSetup = await totp.getAuthenticator(user);
    expect(inSetup.getSecretKey()).toBe(secret);
    await expect(inSetup.generateQrCode()).resolves.toMatch(/^data:image\/png/);
    await expect(inSetup.generateQrCode('other@example.com')).resolves.not.toBe(
      await inSetup.generateQrCode(),
    );

    await expect(totp.activate(user, { code: 'abc' })).rejects.toMatchObject({ code: 'invalid_request' });
    const added = await totp.activate(user, { code: codeOf(secret, test.clock) });
    expect(added.recoveryCodes).toHaveLength(10);
    expect(added.issued).toBeUndefined();
    expect(authenticatorLabel(added.authenticator)).toBe('Authenticator app (totp)');

    const active = await totp.getAuthenticator(user);
    expect(() => active.getSecretKey()).toThrow('never shown');
    await expect(active.generateQrCode()).rejects.toThrow('never shown');
    await expect(totp.getTotpKey(user)).rejects.toMatchObject({ code: 'already_enabled' });
    test.clock.advance(60);
    const code = codeOf(secret, test.clock);
    await expect(active.validateToken('000000')).resolves.toBe(false);
    await expect(active.validateToken(code)).resolves.toBe(true);
    await expect(totp.validateToken(user, code)).resolves.toBe(false);
  });

  it('activate once under parallel calls, and count no attempt for those that were too late', async () => {
    const totp = test.app.get(TotpService);
    const user = { id: newUserId() };
    const secret = await totp.getTotpKey(user);
    const code = codeOf(secret, test.clock);
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => totp.activate(user, { code })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(codes.every((one) => ['already_enabled', 'no_pending_setup'].includes(one))).toBe(true);
    const rows = await rowsOf(test.dataSource, 'SELECT attempts FROM mfa_user_state WHERE user_id = ?', [
      user.id,
    ]);
    expect(rows).toEqual([{ attempts: 0 }]);
  });

  it('refuse to go on guessing', async () => {
    const { id } = await enroll(test);
    const totp = test.app.get(TotpService);
    for (let guess = 0; guess < 5; guess++) {
      await expect(totp.validateToken({ id }, '000000')).resolves.toBe(false);
    }
    await expect(totp.validateToken({ id }, '000000')).rejects.toMatchObject({ code: 'too_many_attempts' });
  });

  it('make, find and end sessions', async () => {
    const sessions = test.app.get(AuthenticationSessionService);
    const user = { id: newUserId() };
    const { session, token } = await sessions.create(user);
    expect(session).toMatchObject({ userId: user.id, status: 'pending', methods: [] });
    await expect(sessions.verify(token)).resolves.toMatchObject({ id: session.id });
    for (const nothing of ['', 'x', 'A'.repeat(43), undefined, null, 7, {}]) {
      await expect(sessions.verify(nothing as string)).resolves.toBeNull();
    }
    const found = (await sessions.verify(token)) as AuthenticationSession;
    expect([found.isExpired(test.clock.now()), found.isExpired(test.clock.now() + 900_000)]).toEqual([
      false,
      true,
    ]);
    const now = Date.now();
    expect(Object.assign(found, { expiresAt: new Date(now - 1) }).isExpired()).toBe(true);

    // A password alone is nobody who is signed in.
    await expect(sessions.verifyAuthenticated(token)).resolves.toBeNull();

    const other = await sessions.create(user, {
      status: 'authenticated',
      methods: [{ method: 'pwd', at: now }],
    });
    const signedIn: MfaAuthenticatedSession | null = await sessions.verifyAuthenticated(other.token);
    expect(signedIn).toMatchObject({ id: other.session.id, status: 'authenticated' });
    for (const nothing of ['', 'x', 'A'.repeat(43), undefined, null, 7, {}]) {
      await expect(sessions.verifyAuthenticated(nothing as string)).resolves.toBeNull();
    }
    await expect(sessions.revokeAll(user, other.session)).resolves.toBe(1);
    await expect(sessions.verify(token)).resolves.toBeNull();
    await expect(sessions.verify(other.token)).resolves.not.toBeNull();
    await sessions.revoke(other.session);
    await expect(sessions.verify(other.token)).resolves.toBeNull();
    await expect(sessions.revokeAll(user)).resolves.toBe(0);
  });

  it('answer for a user', async () => {
    const { id, client } = await enroll(test);
    const mfa = test.app.get(MfaService);
    await expect(mfa.getUserAuthenticators({ id })).resolves.toHaveLength(2);
    await expect(mfa.getUserAuthenticators({ id }, 'totp')).resolves.toHaveLength(1);
    await expect(mfa.status({ id })).resolves.toMatchObject({
      enabled: true,
      verified: false,
      verifiedAt: null,
    });
    expect(await client.post('/email')).toMatchObject({ status: 403, body: { code: 'add_email_blocked' } });
    await expect(mfa.assertEmailChangeAllowed({ id: newUserId() })).resolves.toBeUndefined();
  });

  it.each([
    undefined,
    null,
    '',
    ' ',
    'bob ',
    NaN,
    1.5,
    2 ** 53,
    { tenant: 1, user: 2 },
    [1, 2],
    'x'.repeat(192),
    '\ud800',
    'a\udc00b',
    'a\0',
  ])('refuse a user with the id %p', async (id) => {
    const mfa = test.app.get(MfaService);
    await expect(mfa.isMfaEnabled({ id } as never)).rejects.toThrow(TypeError);
    await expect(mfa.getUserAuthenticators({ id } as never)).rejects.toThrow(TypeError);
  });

  it('are of one user, whether the id is a BigInt, a number or a text', async () => {
    const secret = test.app.get(TotpService).generateSecret();
    users.set('9007199254740993', { id: 9007199254740993n });
    await test.app.get(MfaImportService).importRecords([{ userId: '9007199254740993', totp: { secret } }]);
    const mfa = test.app.get(MfaService);
    const isEnabled = (id: bigint | number | string) => mfa.isMfaEnabled({ id });
    await expect(Promise.all([isEnabled(9007199254740993n), isEnabled('9007199254740993')])).resolves.toEqual(
      [true, true],
    );
    await expect(Promise.all([isEnabled(9007199254740992n), isEnabled(2 ** 53 - 1)])).resolves.toEqual([
      false,
      false,
    ]);
  });
});
