import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent, MfaUser, MfaUserExport } from 'nestjs-mfa';
import { MFA_ENTITIES, MfaAuditService, MfaEvents, MfaService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer, Client } from '../support/client.js';
import { rowsOf } from '../support/databases.js';
import { HELD, HoldBack, pointsFrom } from '../support/hold-back.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const mfa = {
  webauthn: RELYING_PARTY,
  trustedDevices: { enabled: true },
  audit: { enabled: true },
  enrollmentGracePeriodSeconds: 3600,
};

/** How many rows each table has of the user. */
async function keptOf(test: TestApp, id: string): Promise<Record<string, number>> {
  const kept: Record<string, number> = {};
  for (const entity of MFA_ENTITIES) {
    const { columns, tableName } = test.dataSource.getMetadata(entity);
    if (!columns.some(({ databaseName }) => databaseName === 'user_id')) continue;
    const [row] = await rowsOf(test.dataSource, `SELECT COUNT(*) AS n FROM ${tableName} WHERE user_id = ?`, [
      id,
    ]);
    if (row.n > 0) kept[tableName] = row.n;
  }
  return kept;
}

async function addKey(client: Client): Promise<SoftwareAuthenticator> {
  const key = new SoftwareAuthenticator();
  const { body: options } = await client.post('/mfa/webauthn/options');
  const { status } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return key;
}

/** Somebody of whom there is a row in every table. */
async function everything(test: TestApp): Promise<Enrolled> {
  const user = await enroll(test);
  await addKey(user.client);
  const browser = await halfSignIn(test, user);
  const code = codeOf(user.secret, test.clock);
  expect((await browser.post('/mfa/authenticate', { code, trustDevice: true })).status).toBe(200);
  test.clock.advance(60);
  // A second authenticator app is refused, so the set-up is that of an application.
  await rowsOf(
    test.dataSource,
    'INSERT INTO mfa_totp_setup (user_id, id, data, expires_at) VALUES (?, ?, ?, ?)',
    [user.id, 'a-setup', 'data', test.clock.now() + 600_000],
  );
  return user;
}

describe('forgetting a user', () => {
  let test: TestApp;
  let told: MfaEvent[];
  beforeAll(async () => {
    test = await startTestApp({ mfa });
    told = [];
    test.app.get(MfaEvents).on('*', (event) => told.push(event));
  });
  afterAll(() => test.close());
  const forget = (id: string, options = {}) => test.app.get(MfaService).forgetUser(id, options);

  it('removes all that is kept, with one event and one entry of the audit trail', async () => {
    const user = await everything(test);
    const other = await everything(test);
    const untouched = await keptOf(test, other.id);
    expect(Object.keys(await keptOf(test, user.id))).toHaveLength(8);
    const sent = test.adapter.notifications.length;
    const from = told.length;
    await expect(forget(user.id, { actor: 'privacy-officer' })).resolves.toBe(true);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: 1 });
    const { entries } = await test.app.get(MfaAuditService).find({ userId: user.id });
    expect(entries).toEqual([
      expect.objectContaining({
        type: 'mfa.user.forgotten',
        actorType: 'admin',
        actorId: 'privacy-officer',
        ip: null,
        userAgent: null,
        data: { auditTrail: 'removed' },
      }),
    ]);
    expect(told.slice(from).map(({ type, userId }) => [type, userId])).toEqual([
      ['mfa.user.forgotten', user.id],
    ]);
    expect(test.adapter.notifications).toHaveLength(sent);
    expect(await keptOf(test, other.id)).toEqual(untouched);

    // Once more changes nothing, and tells nothing.
    await expect(forget(user.id)).resolves.toBe(false);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: 1 });
    expect(told).toHaveLength(from + 1);
  });

  it.each<Pick<MfaUser, 'id'>>([{ id: 71 }, { id: 72n }, { id: 'seventy three' }])(
    'takes the id as the application has it: $id',
    async (user) => {
      const mfa = test.app.get(MfaService);
      users.set(String(user.id), user);
      const client = test.client();
      await client.post('/login', { id: String(user.id) });
      expect((await mfa.exportUser(user.id)).sessions).toHaveLength(1);
      await expect(mfa.forgetUser(user.id)).resolves.toBe(true);
      expect((await client.get('/me')).status).toBe(401);
    },
  );

  it('ends sessions and half-finished sign-ins, so that whoever gets the id is nobody', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await forget(user.id);
    expect((await user.client.get('/me')).status).toBe(401);
    const code = codeOf(user.secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).body.code).toBe('session_expired');
    const heir = test.client();
    expect((await heir.post('/login', { id: user.id })).body.status).toBe('authenticated');
    expect((await heir.get('/mfa/status')).body).toMatchObject({
      enabled: false,
      verified: false,
      methods: [],
    });
    await forget(user.id);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: 1 });
  });

  it('keeps the audit trail where it has to be kept', async () => {
    const user = await enroll(test);
    const before = (await keptOf(test, user.id))['mfa_audit_entry'] as number;
    await expect(forget(user.id, { keepAuditTrail: true })).resolves.toBe(true);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: before + 1 });
    await expect(forget(user.id, { keepAuditTrail: true })).resolves.toBe(false);
    await expect(forget(user.id)).resolves.toBe(true);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: 1 });
  });

  it('of whom nothing is kept is no error, and leaves nothing', async () => {
    await expect(forget('nobody')).resolves.toBe(false);
    await expect(test.app.get(MfaService).forgetUser(4711)).resolves.toBe(false);
    expect(await keptOf(test, 'nobody')).toEqual({});
    await expect(forget('')).rejects.toThrow(TypeError);
    await expect(forget(undefined as never)).rejects.toThrow(TypeError);
  });

  it('is not prevented by an adapter that lets nobody delete an authenticator', async () => {
    const user = await enroll(test);
    test.adapter.canDeleteAuthenticator = () => false;
    await forget(user.id);
    test.adapter.canDeleteAuthenticator = TestAdapter.prototype.canDeleteAuthenticator.bind(test.adapter);
    expect(await keptOf(test, user.id)).toEqual({ mfa_audit_entry: 1 });
  });
});

describe('exporting a user', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa });
  });
  afterAll(() => test.close());

  it('gives all that is kept, as JSON, without a secret', async () => {
    const user = await everything(test);
    await rowsOf(test.dataSource, 'DELETE FROM mfa_totp_setup');
    const exported = await test.app.get(MfaService).exportUser(user.id);
    const text = JSON.stringify(exported);
    expect(JSON.parse(text)).toEqual(exported);
    expect(exported).toMatchObject({
      userId: user.id,
      exportedAt: new Date(test.clock.now()).toISOString(),
      status: { enabled: true, required: false, enrollmentDeadline: null },
      account: { attempts: 0, enrollmentRequiredFrom: null },
      recoveryCodes: { total: 10, remaining: 10 },
    } satisfies DeepPartial<MfaUserExport>);
    expect(exported.status.methods.sort()).toEqual(['recovery_codes', 'totp', 'webauthn']);
    expect(exported.authenticators.map(({ type }) => type).sort()).toEqual([
      'recovery_codes',
      'totp',
      'webauthn',
    ]);
    expect(exported.authenticators.find(({ type }) => type === 'webauthn')?.credential).toMatchObject({
      rpId: 'example.com',
      attestationFormat: 'none',
      transports: ['usb'],
      backupEligible: false,
      passwordless: false,
    });
    expect(exported.sessions).toHaveLength(2);
    expect(exported.sessions[0]?.proven.map(({ method }) => method)).toContain('totp');
    expect(exported.trustedDevices).toHaveLength(1);
    expect(exported.auditEntries.map(({ type }) => type)).toContain('mfa.authenticator.added');

    const hidden = [user.secret, ...user.recoveryCodes, ...user.client.cookies.values()];
    for (const [table, columns] of Object.entries({
      mfa_authenticator: ['data', 'seal'],
      mfa_recovery_code: ['code_hash'],
      mfa_session: ['token_hash'],
      mfa_trusted_device: ['token_hash', 'seal'],
      mfa_webauthn_credential: ['public_key', 'seal'],
    })) {
      const rows = await rowsOf(test.dataSource, `SELECT ${columns.join(', ')} FROM ${table}`);
      hidden.push(...rows.flatMap((row) => Object.values(row).filter(Boolean)).map(String));
    }
    expect(hidden.length).toBeGreaterThan(20);
    for (const secret of hidden) expect(text).not.toContain(secret);
  });

  it('gives the whole audit trail, over its pages', async () => {
    const user = await enroll(test);
    const rows = Array.from(
      { length: 1100 },
      (_, i) => `0${String(i).padStart(7, '0')}-0000-7000-8000-000000000000`,
    );
    for (let from = 0; from < rows.length; from += 100) {
      const values = rows
        .slice(from, from + 100)
        .map((id) => `('${id}', 'mfa.session.started', 1, '${user.id}', 'user', '{}')`);
      await test.dataSource.query(
        `INSERT INTO mfa_audit_entry (id, type, created_at, user_id, actor_type, data) VALUES ${values.join(', ')}`,
      );
    }
    const { auditEntries } = await test.app.get(MfaService).exportUser(user.id);
    expect(auditEntries.length).toBeGreaterThan(1100);
    expect(new Set(auditEntries.map(({ id }) => id)).size).toBe(auditEntries.length);
  });

  it('says of somebody unknown that nothing is kept, and keeps nothing', async () => {
    const exported = await test.app.get(MfaService).exportUser('nobody');
    expect(exported).toMatchObject({
      userId: 'nobody',
      status: { enabled: false },
      authenticators: [],
      sessions: [],
      trustedDevices: [],
      auditEntries: [],
    });
    expect(await keptOf(test, 'nobody')).toEqual({});
    await expect(test.app.get(MfaService).exportUser('')).rejects.toThrow(TypeError);
  });
});

type DeepPartial<T> = { [K in keyof T]?: DeepPartial<T[K]> };

/**
 * A request is held back before its n-th statement or hook until the user is forgotten; then it goes on. Whatever came first,
 * nothing of the user may be there afterwards.
 */
describe('a request that is under way when its user is forgotten', () => {
  const holdBack = new HoldBack();
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, trustedDevices: { enabled: true } },
      configure: holdBack.mark,
    });
    holdBack.watch(test.dataSource, test.adapter);
  });
  afterAll(() => test.close());
  const forget = (id: string) => test.app.get(MfaService).forgetUser(id);

  const requests: [string, () => Promise<{ id: string; send: () => Promise<Answer> }>][] = [
    [
      'the set-up of the first authenticator app',
      async () => {
        const { id, client } = await signIn(test);
        return { id, send: () => client.post('/mfa/totp', undefined, HELD) };
      },
    ],
    [
      'the activation of the first authenticator app',
      async () => {
        const { id, client } = await signIn(test);
        const { body } = await client.post('/mfa/totp');
        const code = codeOf(body.secret, test.clock);
        return { id, send: () => client.post('/mfa/totp/activate', { code }, HELD) };
      },
    ],
    [
      'the registration of the first security key',
      async () => {
        const { id, client } = await signIn(test);
        const { body } = await client.post('/mfa/webauthn/options');
        const credential = new SoftwareAuthenticator().create(body);
        return { id, send: () => client.post('/mfa/webauthn', { credential }, HELD) };
      },
    ],
    [
      'new recovery codes',
      async () => {
        const { id, client } = await enroll(test);
        return { id, send: () => client.post('/mfa/recovery-codes', undefined, HELD) };
      },
    ],
    [
      'a step-up',
      async () => {
        const { id, client, secret } = await enroll(test);
        const body = { code: codeOf(secret, test.clock), trustDevice: true };
        return { id, send: () => client.post('/mfa/authenticate', body, HELD) };
      },
    ],
    [
      'the second factor of a sign-in',
      async () => {
        const user = await enroll(test);
        const half = await halfSignIn(test, user);
        const body = { code: user.recoveryCodes[0], trustDevice: true };
        return { id: user.id, send: () => half.post('/mfa/authenticate', body, HELD) };
      },
    ],
    [
      'a wrong code',
      async () => {
        const user = await enroll(test);
        const half = await halfSignIn(test, user);
        return { id: user.id, send: () => half.post('/mfa/authenticate', { code: '000000' }, HELD) };
      },
    ],
    [
      'the removal of a factor',
      async () => {
        const { id, client, authenticatorId } = await enroll(test);
        return { id, send: () => client.delete(`/mfa/authenticators/${authenticatorId}`, HELD) };
      },
    ],
  ];

  it.each(requests)('leaves nothing behind: %s', async (_, prepare) => {
    let last = 0;
    for (const point of pointsFrom()) {
      const { id, send } = await prepare();
      const { reached } = await holdBack.run(point, send, async () => void (await forget(id)));
      if (!reached) break;
      last = point;
      const kept = await keptOf(test, id);
      expect({ point, kept }).toEqual({ point, kept: {} });
    }
    expect(last).toBeGreaterThanOrEqual(3);
  });

  it('leaves nothing behind when both come at the same moment', async () => {
    for (const [name, prepare] of requests) {
      for (let round = 0; round < 3; round++) {
        const { id, send } = await prepare();
        await Promise.all([send(), forget(id)]);
        const kept = await keptOf(test, id);
        expect({ name, kept }).toEqual({ name, kept: {} });
      }
    }
  });

  it('ends a sign-in that has begun, and makes no session of it', async () => {
    // Before its first statement nothing tells it from a sign-in that begins later.
    for (const point of pointsFrom(2)) {
      const id = newUserId();
      const client = test.client();
      const send = () => client.post('/login', { id }, HELD);
      const { reached, answer } = await holdBack.run(point, send, async () => void (await forget(id)));
      const kept = reached ? await keptOf(test, id) : {};
      expect({ point, kept }).toEqual({ point, kept: {} });
      expect(answer.status).toBe(reached ? 401 : 200);
      if (!reached) break;
    }
  });
});

describe('a sign-in of which its user is told while they are forgotten', () => {
  it('leaves nothing but the entry that says so', async () => {
    const holdBack = new HoldBack();
    const test = await startTestApp({
      mfa: { audit: { enabled: true }, newSignIn: { enabled: true } },
      configure: holdBack.mark,
    });
    holdBack.watch(test.dataSource, test.adapter);
    const statuses = new Set<number>();
    const left: Record<string, number>[] = [];
    for (const point of pointsFrom(2)) {
      const id = newUserId();
      const client = test.client();
      const { reached, answer } = await holdBack.run(
        point,
        () => client.post('/login', { id }, HELD),
        async () => {
          users.delete(id);
          await test.app.get(MfaService).forgetUser(id);
        },
      );
      statuses.add(answer.status);
      const kept = await keptOf(test, id);
      // On servers the first points come before there is a session: that sign-in begins later.
      if (reached && !('mfa_session' in kept)) left.push({ point, ...kept });
      if (!reached) break;
    }
    expect(left).toEqual(left.map(({ point }) => ({ point, mfa_audit_entry: 1 })));
    expect([...statuses].sort()).toEqual([200, 401]);
    await test.close();
  });
});

async function signIn(test: TestApp) {
  const id = newUserId();
  const client = test.client();
  await client.post('/login', { id });
  return { id, client };
}
