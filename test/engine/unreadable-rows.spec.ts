import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DefaultMfaAdapter, MfaEvent } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MFA_ADAPTER,
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaException,
  MfaService,
  RecoveryCodesService,
  TotpService,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { rowsOf } from '../support/databases.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

/** What makes a row of `mfa_authenticator` unreadable. */
const DAMAGES: [string, string][] = [
  ['no envelope', 'garbage'],
  ['nothing', ''],
  [
    'an envelope under a key that is gone',
    `v1.AAAAAAAA.${'A'.repeat(16)}.${'A'.repeat(40)}.${'A'.repeat(22)}`,
  ],
];

class BrokenAdapter extends TestAdapter {
  /** What decrypting throws, for as long as it does. */
  failure: Error | null = null;
  /** What decrypting answers instead of what was encrypted. */
  text: string | null = null;

  knowsProviders = true;

  override getAuthenticatorProvider(): string | null {
    if (!this.knowsProviders) throw new Error('no list of providers');
    return null;
  }

  override decrypt(...given: Parameters<DefaultMfaAdapter['decrypt']>): string | Promise<string> {
    if (this.failure) throw this.failure;
    return this.text ?? super.decrypt(...given);
  }
}

describe('one row that can’t be read', () => {
  let test: TestApp;
  let adapter: BrokenAdapter;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({
      adapter: BrokenAdapter,
      mfa: {
        webauthn: RELYING_PARTY,
        audit: { enabled: true },
        pages: true,
        trustedDevices: { enabled: true },
        totp: { maxPerUser: 2 },
      },
    });
    adapter = test.app.get<BrokenAdapter>(MFA_ADAPTER);
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  const damage = (table: string, column: string, value: string, where: string, key: string) =>
    rowsOf(test.dataSource, `UPDATE ${table} SET ${column} = ? WHERE ${where} = ?`, [value, key]);

  const damageApp = ({ authenticatorId }: Enrolled, data = 'garbage') =>
    damage('mfa_authenticator', 'data', data, 'id', authenticatorId);

  const present = async (client: Client, code: string) => {
    const { status, body } = await client.post('/mfa/authenticate', { code });
    return [status, body.code];
  };

  const addKey = async (client: Client): Promise<{ key: SoftwareAuthenticator; id: string }> => {
    const key = new SoftwareAuthenticator();
    const { body: options } = await client.post('/mfa/webauthn/options');
    const { body } = await client.post('/mfa/webauthn', { credential: key.create(options) });
    return { key, id: body.authenticator.id };
  };

  const signInWithKey = async (client: Client, key: SoftwareAuthenticator) => {
    const { body: options, status } = await client.post('/mfa/authenticate/webauthn/options');
    expect(status).toBe(200);
    return (await client.post('/mfa/authenticate/webauthn', { credential: key.get(options) })).status;
  };

  describe('of an authenticator app', () => {
    it.each(DAMAGES)('(%s) leaves recovery codes and keys as they are', async (_, data) => {
      const user = await enroll(test);
      const { key } = await addKey(user.client);
      await damageApp(user, data);
      // A code that nothing could verify is a wrong one, and costs no attempt.
      const half = await halfSignIn(test, user);
      for (let i = 0; i < 8; i++) {
        expect(await present(half, codeOf(user.secret, test.clock))).toEqual([400, 'incorrect_code']);
      }
      expect((await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
      expect(await signInWithKey(await halfSignIn(test, user), key)).toBe(200);
      // Wrong ones that were verified count as ever.
      const other = await halfSignIn(test, user);
      const answers = [];
      for (let i = 0; i < 6; i++) answers.push(await present(other, '00000000'));
      expect(answers).toEqual([...Array(5).fill([400, 'incorrect_code']), [429, 'too_many_attempts']]);
    });

    it('leaves another app as it is', async () => {
      const user = await enroll(test);
      const { body: setup } = await user.client.post('/mfa/totp');
      const code = codeOf(setup.secret, test.clock);
      expect((await user.client.post('/mfa/totp/activate', { code })).status).toBe(201);
      await damageApp(user);
      test.clock.advance(60);
      const half = await halfSignIn(test, user);
      expect(await present(half, '000000')).toEqual([400, 'incorrect_code']);
      expect((await half.post('/mfa/authenticate', { code: codeOf(setup.secret, test.clock) })).status).toBe(
        200,
      );
    });

    it('is told by event, audit trail and log, once a window', async () => {
      const user = await enroll(test);
      await damageApp(user);
      const half = await halfSignIn(test, user);
      for (let i = 0; i < 3; i++) await present(half, '000000');
      // No request waits for it to be told.
      await test.settled();
      const own = events.filter(({ userId }) => userId === user.id);
      const told = own.filter(({ type }) => type === 'mfa.authenticator.unreadable');
      expect(told).toMatchObject([{ data: { authenticator: { id: user.authenticatorId, type: 'totp' } } }]);
      expect(own.filter(({ type }) => type === 'mfa.authenticator.failed')).toEqual([]);
      const lines = test.logger.lines.filter((line) => line.includes(user.authenticatorId));
      expect(lines).toHaveLength(1);
    });

    it('is listed, shown on the pages, and can be removed by its owner', async () => {
      const user = await enroll(test);
      await damageApp(user);
      const { client } = user;
      expect((await client.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
      expect((await client.get('/mfa/authenticators')).body).toHaveLength(2);
      expect((await client.get('/mfa/status')).body.enabled).toBe(true);
      expect((await client.get('/account/security')).status).toBe(200);
      expect((await client.patch(`/mfa/authenticators/${user.authenticatorId}`, { name: 'x' })).status).toBe(
        200,
      );
      expect((await client.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(204);
    });

    it('is shown to an administrator, left by a rotation, and reset', async () => {
      const user = await enroll(test);
      await damageApp(user, DAMAGES[2]?.[1]);
      const admin = test.app.get(MfaAdminService);
      expect((await admin.status(user.id)).authenticators).toHaveLength(2);
      expect((await admin.rotateSecret()).unreadable).toBeGreaterThan(0);
      await admin.reset(user.id, 'ticket 42');
      expect((await admin.status(user.id)).authenticators).toEqual([]);
    });

    it('is wrong for services too', async () => {
      const user = await enroll(test);
      await damageApp(user);
      const totp = test.app.get(TotpService);
      expect(await totp.validateToken({ id: user.id }, codeOf(user.secret, test.clock))).toBe(false);
      expect(
        await test.app.get(RecoveryCodesService).validate({ id: user.id }, user.recoveryCodes[1] ?? ''),
      ).toBe(true);
    });
  });

  it.each(['{"secret"', '"a text"', 'null', '{"secret":"A","algorithm":"sha1","digits":6,"period":30}'])(
    'because its decrypted text is %s says nothing of it in the log',
    async (text) => {
      const user = await enroll(test);
      const from = test.logger.lines.length;
      adapter.text = `${text}JBSWY3DPEHPK3PXP`;
      const half = await halfSignIn(test, user);
      expect(await present(half, codeOf(user.secret, test.clock))).toEqual([400, 'incorrect_code']);
      adapter.text = text;
      expect(await present(half, codeOf(user.secret, test.clock))).toEqual([400, 'incorrect_code']);
      adapter.text = null;
      expect(test.logger.lines.slice(from).join()).not.toContain('JBSWY3DPEHPK3PXP');
      expect((await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
    },
  );

  it('under an adapter that decrypts nothing any more locks nobody out', async () => {
    const user = await enroll(test);
    adapter.failure = new Error('the key management is gone');
    const half = await halfSignIn(test, user);
    for (let i = 0; i < 8; i++) {
      expect(await present(half, codeOf(user.secret, test.clock))).toEqual([400, 'incorrect_code']);
    }
    expect((await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
    adapter.failure = null;
    const after = await halfSignIn(test, user);
    expect((await after.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
  });

  it('is none of a database that does not answer', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const { body: setup } = await user.client.post('/mfa/totp', { replaces: user.authenticatorId });
    adapter.failure = new MfaException('storage_unavailable');
    // More often than anybody may guess: nothing is spent while nobody can tell.
    for (let i = 0; i < 8; i++) {
      expect(await present(half, '000000')).toEqual([503, 'storage_unavailable']);
      const { status, body } = await user.client.post('/mfa/totp/activate', { code: '000000' });
      expect([status, body.code]).toEqual([503, 'storage_unavailable']);
    }
    adapter.failure = null;
    expect((await present(half, codeOf(user.secret, test.clock)))[0]).toBe(200);
    const code = codeOf(setup.secret as string, test.clock);
    expect((await user.client.post('/mfa/totp/activate', { code })).status).toBe(201);
  });

  it('of a set-up is no set-up: a new one begins', async () => {
    const user = await enroll(test);
    const { client } = user;
    await client.post('/mfa/totp');
    await damage('mfa_totp_setup', 'data', 'garbage', 'user_id', user.id);
    for (let i = 0; i < 8; i++) {
      expect((await client.post('/mfa/totp/activate', { code: '000000' })).body.code).toBe(
        'no_pending_setup',
      );
    }
    expect((await client.get('/account/security/totp/add')).status).toBe(200);
    expect(await test.app.get(TotpService).getTotpKey({ id: user.id })).toMatch(/^[A-Z2-7]{32}$/);
  });

  it.each(['{', '[]]', 'null', '{}', '[null]', '"x"'])(
    'of a session (%s) is over, and the user’s other sessions go on',
    async (methods) => {
      const user = await enroll(test);
      const other = await halfSignIn(test, user);
      const sessions = await test.app.get(AuthenticationSessionService).list({ id: user.id });
      const own = sessions.find(({ status }) => status === 'authenticated');
      await damage('mfa_session', 'methods', methods, 'id', own?.id as string);
      expect((await user.client.get('/protected')).status).toBe(401);
      const code = codeOf(user.secret, test.clock);
      expect((await other.post('/mfa/authenticate', { code })).status).toBe(200);
      expect((await other.get('/protected')).status).toBe(200);
      const admin = test.app.get(MfaAdminService);
      expect((await admin.status(user.id)).authenticators).toHaveLength(2);
      await admin.endSessions(user.id);
      expect((await other.get('/protected')).status).toBe(401);
    },
  );

  it('of a key leaves other keys, lists and codes as they are', async () => {
    const user = await enroll(test);
    const [good, bad] = [await addKey(user.client), await addKey(user.client)];
    for (const [column, value] of [
      ['transports', '{'],
      ['transports', '{"usb":true}'],
      ['public_key', 'garbage'],
      ['credential_id', '*** no id ***'],
    ] as const) {
      await damage('mfa_webauthn_credential', column, value, 'authenticator_id', bad.id);
      expect(await signInWithKey(await halfSignIn(test, user), good.key)).toBe(200);
      expect((await user.client.get('/mfa/authenticators')).body).toHaveLength(4);
    }
    expect((await user.client.delete(`/mfa/authenticators/${bad.id}`)).status).toBe(204);
  });

  it('of a time that is none leaves the pages and lists as they are', async () => {
    const user = await enroll(test);
    const { id } = await addKey(user.client);
    for (const column of ['created_at', 'last_used_at']) {
      // More milliseconds than a date can have.
      await damage('mfa_authenticator', column, '9000000000000000', 'id', id);
      expect((await user.client.get('/account/security')).status).toBe(200);
      expect((await user.client.get('/mfa/authenticators')).status).toBe(200);
    }
    expect((await user.client.delete(`/mfa/authenticators/${id}`)).status).toBe(204);
  });

  it('of a type that nobody knows is listed and can be removed', async () => {
    const user = await enroll(test);
    const { id } = await addKey(user.client);
    await damage('mfa_authenticator', 'type', 'carrier_pigeon', 'id', id);
    const half = await halfSignIn(test, user);
    expect((await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).status).toBe(
      200,
    );
    for (const path of ['/mfa/authenticators', '/mfa/status', '/account/security']) {
      expect((await half.get(path)).status).toBe(200);
    }
    await test.app.get(MfaAdminService).status(user.id);
    expect((await half.delete(`/mfa/authenticators/${id}`)).status).toBe(204);
  });

  it('of the audit trail keeps none of the others from being read', async () => {
    const user = await enroll(test);
    const audit = test.app.get(MfaAuditService);
    const before = (await audit.find({ userId: user.id })).entries;
    await damage('mfa_audit_entry', 'data', '{', 'id', before[0]?.id as string);
    const { entries } = await audit.find({ userId: user.id });
    expect(entries.map(({ data }) => data)).toEqual([{}, ...before.slice(1).map(({ data }) => data)]);
  });

  it('whose details a hook fails at is listed without them', async () => {
    const user = await enroll(test);
    await addKey(user.client);
    adapter.knowsProviders = false;
    const { body, status } = await user.client.get('/mfa/authenticators');
    adapter.knowsProviders = true;
    expect([status, body.length]).toEqual([200, 3]);
  });

  it('does not keep the status of its user from being told', async () => {
    const user = await enroll(test);
    await damageApp(user);
    expect(await test.app.get(MfaService).status({ id: user.id })).toMatchObject({ enabled: true });
  });
});
