import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MfaEvents, RecoveryCodesService } from 'nestjs-mfa';

import { rowsOf } from '../../support/databases.js';
import type { TestApp } from '../../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../../support/test-app.js';

describe('recovery codes', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { rateLimit: { attempts: 50 } } });
  });
  afterAll(() => test.close());

  it('are kept as hashes only', async () => {
    const { recoveryCodes } = await enroll(test);
    const rows = JSON.stringify(await rowsOf(test.dataSource, 'SELECT * FROM mfa_recovery_code'));
    for (const code of recoveryCodes) expect(rows).not.toContain(code);
  });

  it('finish a sign-in once each, and count as a second factor', async () => {
    const { id, recoveryCodes } = await enroll(test);
    const [code = ''] = recoveryCodes;
    const client = await halfSignIn(test, { id });
    const { status, body } = await client.post('/mfa/authenticate', {
      code: `${code.slice(0, 4)}-${code.slice(4)}`,
    });
    expect(status).toBe(200);
    expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', 'recovery_code']);
    expect((await client.get('/protected')).status).toBe(200);
    const other = await halfSignIn(test, { id });
    expect((await other.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    expect((await client.get('/mfa/recovery-codes')).body).toEqual({
      total: 10,
      remaining: 9,
      createdAt: expect.any(String),
    });
    expect((await client.get('/mfa/authenticators?type=recovery_codes')).body).toEqual([
      expect.objectContaining({ type: 'recovery_codes', remaining: 9, lastUsedAt: expect.any(String) }),
    ]);
  });

  it('are no longer offered when all are used', async () => {
    const { id, recoveryCodes, client } = await enroll(test);
    for (const code of recoveryCodes) {
      const other = await halfSignIn(test, { id });
      expect((await other.post('/mfa/authenticate', { code })).status).toBe(200);
    }
    expect((await client.get('/mfa/status')).body).toMatchObject({
      methods: ['totp'],
      recoveryCodes: { total: 10, remaining: 0 },
    });
    const last = test.client();
    expect((await last.post('/login', { id })).body.methods).toEqual(['totp']);
  });

  it('are replaced as a whole', async () => {
    const { id, recoveryCodes, client } = await enroll(test);
    const { status, body } = await client.post('/mfa/recovery-codes');
    expect(status).toBe(201);
    expect(body.codes).toHaveLength(10);
    expect(body.codes.filter((code: string) => recoveryCodes.includes(code))).toEqual([]);
    const other = await halfSignIn(test, { id });
    expect((await other.post('/mfa/authenticate', { code: recoveryCodes[0] })).body.code).toBe(
      'incorrect_code',
    );
    expect((await other.post('/mfa/authenticate', { code: body.codes[0] })).status).toBe(200);
    const [{ count }] = await rowsOf(
      test.dataSource,
      'SELECT COUNT(*) AS count FROM mfa_recovery_code WHERE user_id = ?',
      [id],
    );
    expect(count).toBe(10);
  });

  it('can be removed, and made again', async () => {
    const { client } = await enroll(test);
    const { body: rows } = await client.get('/mfa/authenticators?type=recovery_codes');
    expect((await client.delete(`/mfa/authenticators/${rows[0].id}`)).status).toBe(204);
    expect((await client.get('/mfa/recovery-codes')).body).toEqual({
      total: 0,
      remaining: 0,
      createdAt: null,
    });
    expect((await client.get('/mfa/status')).body.methods).toEqual(['totp']);
    expect((await client.post('/mfa/recovery-codes')).body.codes).toHaveLength(10);
  });

  it('do not exist without a second factor', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    expect(await client.post('/mfa/recovery-codes')).toMatchObject({
      status: 409,
      body: { code: 'cannot_generate_recovery_codes' },
    });
    expect((await client.get('/mfa/recovery-codes')).body).toEqual({
      total: 0,
      remaining: 0,
      createdAt: null,
    });
  });

  it('are no factor that is set up by itself', async () => {
    const { client } = await enroll(test);
    const begun = await client.post('/mfa/factors/recovery_codes', {});
    expect([begun.status, begun.body.code]).toEqual([404, 'not_found']);
    const activated = await client.post('/mfa/factors/recovery_codes/activate', { code: '12345678' });
    expect(activated.status).toBeGreaterThanOrEqual(400);
    expect(activated.body.code).toMatch(/^(not_found|no_pending_setup)$/);
  });

  it('of another user are wrong', async () => {
    const ada = await enroll(test);
    const bob = await enroll(test);
    const client = await halfSignIn(test, ada);
    expect((await client.post('/mfa/authenticate', { code: bob.recoveryCodes[0] })).body.code).toBe(
      'incorrect_code',
    );
  });

  it('tell their owner when they are used and replaced', async () => {
    const { client, id, recoveryCodes } = await enroll(test);
    const from = test.adapter.notifications.length;
    const other = await halfSignIn(test, { id });
    await other.post('/mfa/authenticate', { code: recoveryCodes[0] });
    await client.post('/mfa/recovery-codes');
    expect(test.adapter.notifications.slice(from)).toEqual([
      expect.objectContaining({ type: 'recovery_code_used', remaining: 9 }),
      expect.objectContaining({ type: 'recovery_codes_regenerated', remaining: 10 }),
    ]);
    expect(JSON.stringify(test.adapter.notifications)).not.toContain(recoveryCodes[0]);
  });

  it('are one to fifty', async () => {
    const { id } = await enroll(test);
    const service = test.app.get(RecoveryCodesService);
    for (const count of [0, 51, 2.5, NaN]) {
      await expect(service.generate({ id }, count)).rejects.toThrow(
        '\`count\` must be a whole number from 1 to 50',
      );
    }
    for (const count of [1, 50]) {
      expect(new Set(await service.generate({ id }, count)).size).toBe(count);
      expect((await service.getUnused({ id })).length).toBe(count);
    }
  });

  it('may end the other sessions, or all where the application makes them', async () => {
    const { id, client } = await enroll(test);
    const ended: unknown[] = [];
    test.app.get(MfaEvents).on('mfa.session.ended', ({ userId, data }) => {
      if (userId === id) ended.push(data);
    });
    const service = test.app.get(RecoveryCodesService);
    await client.post('/mfa/recovery-codes', { endOtherSessions: true });
    expect((await client.get('/me')).status).toBe(200);
    await service.generate({ id }, 10, undefined, { endOtherSessions: true });
    expect((await client.get('/me')).status).toBe(401);
    expect(ended).toEqual([
      { scope: 'others', reason: 'factors_changed' },
      { scope: 'all', reason: 'factors_changed' },
    ]);
  });

  it('work without HTTP', async () => {
    const { id } = await enroll(test);
    const service = test.app.get(RecoveryCodesService);
    const codes = await service.generate({ id }, 3);
    expect(codes).toHaveLength(3);
    await expect(service.validate({ id }, codes[0] as string)).resolves.toBe(true);
    await expect(service.validate({ id }, codes[0] as string)).resolves.toBe(false);
    await expect(service.validate({ id }, 'nonsense')).resolves.toBe(false);
    await expect(service.validate({ id }, '!')).resolves.toBe(false);
    const unused = await service.getUnused({ id });
    expect(unused.map((code) => [code.isUsed, code.userId])).toEqual([
      [false, id],
      [false, id],
    ]);
    await expect(service.generate({ id }, 0)).rejects.toThrow(RangeError);
    await expect(service.generate({ id }, 51)).rejects.toThrow(RangeError);
    await expect(service.regenerate({ id })).resolves.toHaveLength(10);
  });
});

describe('recovery codes of profile aal2', () => {
  it('have 112 bits or more, and are read with or without their dashes', async () => {
    const test = await startTestApp({ mfa: { profile: 'aal2', webauthn: RELYING_PARTY } });
    const { id, recoveryCodes } = await enroll(test);
    const [first = '', second = '', third = ''] = recoveryCodes;
    expect(first).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
    for (const code of [first, second.toLowerCase().replaceAll('-', ' '), third.replaceAll('-', '')]) {
      const client = await halfSignIn(test, { id });
      expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
    }
    await test.close();
  });

  it('outlive a change of the options and of the secret', async () => {
    const test = await startTestApp({ mfa: { recoveryCodes: { digits: 10 } } });
    const user = await enroll(test);
    expect(user.recoveryCodes[0]).toMatch(/^\d{10}$/);
    // The same database under another module: a new secret first, and codes of another form.
    const other = await startTestApp({
      mfa: {
        secret: ['a newer secret of 32 bytes, now the first', 'a secret for the tests, of 32 bytes or more'],
      },
    });
    for (const table of ['mfa_authenticator', 'mfa_recovery_code', 'mfa_user_state', 'mfa_key']) {
      // Of the keys the other one has made its own.
      const missing = table === 'mfa_key' ? "WHERE id = 'recovery-codes'" : '';
      for (const row of await rowsOf(test.dataSource, `SELECT * FROM ${table} ${missing}`)) {
        const columns = Object.keys(row);
        await rowsOf(
          other.dataSource,
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
          Object.values(row),
        );
      }
    }
    other.clock.advance(60);
    const client = await halfSignIn(other, user);
    expect((await client.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
    const again = await halfSignIn(other, user);
    expect((await again.post('/mfa/authenticate', { code: codeOf(user.secret, other.clock) })).status).toBe(
      200,
    );
    await test.close();
    await other.close();
  });
});
