import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import type { Authenticator, MfaDeletionContext, MfaEvent, MfaUserListState } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaService,
  MfaSessionGuard,
  RecoveryCodesService,
  RequireMfa,
  TotpService,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { ENGINE } from '../support/databases.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
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

class RefusingAdapter extends TestAdapter {
  /** The authenticators that may not go. */
  readonly kept = new Set<string>();
  readonly asked: [string, MfaDeletionContext['by']][] = [];
  /** What happens while it is asked. */
  meanwhile?: (() => Promise<unknown>) | undefined;

  override async canDeleteAuthenticator({ id }: Authenticator, { by }: MfaDeletionContext): Promise<boolean> {
    this.asked.push([id, by]);
    await this.meanwhile?.();
    return !this.kept.has(id);
  }

  override async canSuspendAuthenticator(): Promise<boolean> {
    await this.meanwhile?.();
    return true;
  }
}

/** As docs/administration.md shows it. */
@Controller('admin/mfa')
@UseGuards(MfaSessionGuard)
@RequireMfa({ maxAge: 900 })
class AdminController {
  constructor(@Inject(MfaAdminService) private readonly admin: MfaAdminService) {}

  @Post(':userId/reset')
  async reset(
    @Param('userId') userId: string,
    @Body('reason') reason: string,
    @Req() request: { user: { id: string } },
  ): Promise<void> {
    await this.admin.reset(userId, reason, { actor: request.user.id, request });
  }
}

interface AdminApp extends TestApp {
  adapter: RefusingAdapter;
  admin: MfaAdminService;
  events: MfaEvent[];
}

async function startAdminApp({ mfa = {}, ...rest }: TestAppOptions = {}): Promise<AdminApp> {
  const test = await startTestApp({
    adapter: RefusingAdapter,
    mfa: {
      webauthn: RELYING_PARTY,
      passkeyLogin: true,
      totp: { maxPerUser: 2 },
      trustedDevices: { enabled: true },
      audit: { enabled: true },
      ...mfa,
    },
    ...rest,
  });
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  return Object.assign(test, {
    adapter: test.adapter as RefusingAdapter,
    admin: test.app.get(MfaAdminService),
    events,
  });
}

const AS_ROOT = { actor: 'root' };
const ROOT = { type: 'admin', id: 'root' };
const REASON = 'Showed a passport, ticket 4711';

/** Somebody whom the application knows, and this module not yet. */
function newKnownUser(): string {
  const id = newUserId();
  users.set(id, { id });
  return id;
}

const authenticate = (client: Client, code: string | undefined, extra: object = {}) =>
  client.post('/mfa/authenticate', { code, ...extra });

async function addKey(client: Client): Promise<{ key: SoftwareAuthenticator; id: string }> {
  const key = new SoftwareAuthenticator();
  const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
  const { body, status } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return { key, id: body.authenticator.id };
}

async function usePasskey(test: TestApp, key: SoftwareAuthenticator): Promise<number> {
  const client = test.client();
  const { body: options } = await client.post('/mfa/passkey/options');
  return (await client.post('/mfa/passkey', { credential: key.get(options) })).status;
}

const TABLES = [
  'mfa_authenticator',
  'mfa_webauthn_credential',
  'mfa_recovery_code',
  'mfa_totp_setup',
  'mfa_trusted_device',
  'mfa_session',
];

/** How many rows each table keeps of this user. */
async function rowsOf(test: TestApp, userId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) {
    const [{ count }] = await test.dataSource.query(
      `SELECT COUNT(*) AS count FROM ${table} WHERE user_id = '${userId}'`,
    );
    counts[table] = Number(count);
  }
  return counts;
}

interface Rich extends Enrolled {
  key: SoftwareAuthenticator;
  keyId: string;
  /** Half signed in. */
  half: Client;
  /** Signed out, and trusted. */
  browser: Client;
}

/** A user with one of everything. */
async function enrollRich(test: TestApp): Promise<Rich> {
  const user = await enroll(test);
  const { key, id: keyId } = await addKey(user.client);
  const browser = await halfSignIn(test, user);
  const { status } = await authenticate(browser, codeOf(user.secret, test.clock), { trustDevice: true });
  expect(status).toBe(200);
  await browser.delete('/mfa/session');
  expect((await user.client.post('/mfa/totp')).status).toBe(201);
  return { ...user, key, keyId, browser, half: await halfSignIn(test, user) };
}

const FULL = {
  mfa_authenticator: 3,
  mfa_webauthn_credential: 1,
  mfa_recovery_code: 10,
  mfa_totp_setup: 1,
  mfa_trusted_device: 1,
  mfa_session: 2,
};
const EMPTY = Object.fromEntries(TABLES.map((table) => [table, 0]));

describe('MfaAdminService', () => {
  let test: AdminApp;
  let from: number;
  beforeAll(async () => {
    test = await startAdminApp({ controllers: [AdminController] });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    from = test.events.length;
  });

  const told = () => test.events.slice(from);
  const trail = async (userId: string) => (await test.app.get(MfaAuditService).find({ userId })).entries;

  /** Each admin event of this test says who did it, and is in the trail with the same words. */
  const expectEvents = async (userId: string, expected: [string, object][]) => {
    const events = told().filter(({ actor }) => actor.type === 'admin');
    expect(events.map(({ type, data }) => [type, data])).toEqual(
      expected.map(([type, data]) => [type, expect.objectContaining(data)]),
    );
    for (const event of events) expect(event).toMatchObject({ userId, actor: ROOT });
    const entries = (await trail(userId)).filter(({ actorId }) => actorId === 'root');
    expect(entries.map(({ id }) => id).reverse()).toEqual(events.map(({ id }) => id));
    for (const entry of entries) expect(entry.actorType).toBe('admin');
  };

  describe('status', () => {
    it('tells how a user stands', async () => {
      const user = await enrollRich(test);
      const status = await test.admin.status(user.id);
      expect(Object.keys(status).sort()).toEqual([
        'authenticators',
        'blockedUntil',
        'enabled',
        'enrollmentDeadline',
        'methods',
        'recoveryCodes',
        'required',
        'sessions',
        'trustedDevices',
        'userId',
      ]);
      expect(status).toMatchObject({
        userId: user.id,
        enabled: true,
        required: false,
        enrollmentDeadline: null,
        methods: ['totp', 'webauthn', 'recovery_codes'],
        recoveryCodes: { total: 10, remaining: 10 },
        blockedUntil: null,
      });
      expect(status.authenticators.map(({ id, locked }) => [id, locked])).toEqual(
        expect.arrayContaining([
          [user.authenticatorId, false],
          [user.keyId, false],
        ]),
      );
      expect(status.sessions.map((session) => session.status).sort()).toEqual(['authenticated', 'pending']);
      expect(status.sessions.map(({ proven }) => proven[0]?.method)).toEqual(['pwd', 'pwd']);
      expect(status.trustedDevices).toHaveLength(1);
    });

    it('has nothing secret in it', async () => {
      const user = await enrollRich(test);
      const text = JSON.stringify(await test.admin.status(user.id));
      const tokens = [user.client, user.half, user.browser].flatMap(({ cookies }) => [...cookies.values()]);
      const hidden = [
        'id',
        'user_id',
        'authenticator_id',
        'session_id',
        'name',
        'type',
        'status',
        'methods',
        'user_agent',
        'ip',
      ];
      const stored: unknown[] = [];
      for (const table of TABLES) {
        const rows = await test.dataSource.query(`SELECT * FROM ${table} WHERE user_id = '${user.id}'`);
        for (const row of rows) {
          for (const [column, value] of Object.entries(row)) if (!hidden.includes(column)) stored.push(value);
        }
      }
      const secrets = [user.secret, ...user.recoveryCodes, ...tokens, ...stored].filter(
        (value): value is string => typeof value === 'string' && value.length >= 8,
      );
      expect(secrets.length).toBeGreaterThan(30);
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(text).not.toMatch(/hash|token|secret|"data"/i);
    });

    it('tells of locks and spent budgets, and when the budget is back', async () => {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      const start = test.clock.now();
      for (let guess = 0; guess < 5; guess++) await authenticate(half, '000000');
      expect((await test.admin.status(user.id)).blockedUntil).toEqual(new Date(start + 300_000));
      test.clock.advance(300);
      expect((await test.admin.status(user.id)).blockedUntil).toBeNull();
    });

    it('of somebody unknown is empty, and keeps nothing', async () => {
      await expect(test.admin.status('nobody')).resolves.toEqual({
        userId: 'nobody',
        enabled: false,
        required: false,
        enrollmentDeadline: null,
        methods: [],
        recoveryCodes: { total: 0, remaining: 0 },
        authenticators: [],
        sessions: [],
        trustedDevices: [],
        blockedUntil: null,
      });
      const rows = await test.dataSource.query(`SELECT * FROM mfa_user_state WHERE user_id = 'nobody'`);
      expect(rows).toEqual([]);
    });
  });

  describe('reset', () => {
    it('takes all factors, codes, set-ups, trusted browsers and sessions, and says why', async () => {
      const user = await enrollRich(test);
      const bystander = await enrollRich(test);
      expect(await rowsOf(test, user.id)).toEqual(FULL);
      from = test.events.length;
      await test.admin.reset(user.id, REASON, { ...AS_ROOT, request: { headers: {}, ip: '192.0.2.1' } });
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      expect(await rowsOf(test, bystander.id)).toEqual(FULL);

      expect((await user.client.get('/me')).status).toBe(401);
      test.clock.advance(60);
      expect((await authenticate(user.half, codeOf(user.secret, test.clock))).status).toBe(401);
      expect((await authenticate(user.half, user.recoveryCodes[0])).status).toBe(401);
      expect(await usePasskey(test, user.key)).toBe(400);
      const { body } = await user.browser.post('/login', { id: user.id });
      expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd']);
      expect(body.status).toBe('authenticated');

      await expectEvents(user.id, [
        ['mfa.admin.reset', { reason: REASON }],
        ['mfa.session.ended', { scope: 'all', reason: 'admin' }],
        ['mfa.trusted_device.revoked', { deviceId: null }],
      ]);
      const [reset] = told();
      expect(reset).toMatchObject({ type: 'mfa.admin.reset', ip: '192.0.2.1' });
      const { authenticators } = (reset as MfaEvent<'mfa.admin.reset'>).data;
      expect(authenticators.map(({ type }) => type).sort()).toEqual(['recovery_codes', 'totp', 'webauthn']);
      expect(test.adapter.notifications.at(-1)).toMatchObject({ type: 'admin_reset' });

      // The account takes factors again, with codes of its own.
      const { body: setup } = await user.browser.post('/mfa/totp');
      const added = await user.browser.post('/mfa/totp/activate', {
        code: codeOf(setup.secret, test.clock),
      });
      expect(added.body.recoveryCodes).toHaveLength(10);
      expect(added.body.recoveryCodes).not.toEqual(expect.arrayContaining(user.recoveryCodes));
    });

    it('takes one factor, keeps the other and the codes, and ends sessions and trust all the same', async () => {
      const user = await enrollRich(test);
      from = test.events.length;
      await test.admin.reset(user.id, REASON, { ...AS_ROOT, authenticatorId: user.authenticatorId });
      expect(await rowsOf(test, user.id)).toEqual({
        ...EMPTY,
        mfa_authenticator: 2,
        mfa_webauthn_credential: 1,
        mfa_recovery_code: 10,
      });
      await expectEvents(user.id, [
        ['mfa.admin.reset', { reason: REASON }],
        ['mfa.session.ended', { scope: 'all', reason: 'admin' }],
        ['mfa.trusted_device.revoked', { deviceId: null }],
      ]);
      expect((told()[0] as MfaEvent<'mfa.admin.reset'>).data.authenticators).toEqual([
        expect.objectContaining({ id: user.authenticatorId, type: 'totp' }),
      ]);
      const half = await halfSignIn(test, user);
      expect((await authenticate(half, codeOf(user.secret, test.clock, 1))).body.code).toBe('incorrect_code');
      expect((await authenticate(half, user.recoveryCodes[0])).status).toBe(200);
      expect(await usePasskey(test, user.key)).toBe(200);
    });

    it('of all factors gives a new budget of attempts, for the first code of a new app; of one does not', async () => {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      for (let i = 0; i < 5; i++) await half.post('/mfa/authenticate', { code: '000000' });
      const [codes] = (await test.admin.status(user.id)).authenticators.filter(({ type }) => type !== 'totp');
      await test.admin.reset(user.id, REASON, { authenticatorId: codes?.id ?? '' });
      expect((await test.admin.status(user.id)).blockedUntil).not.toBeNull();

      await test.admin.reset(user.id, REASON);
      expect((await test.admin.status(user.id)).blockedUntil).toBeNull();
      const client = test.client();
      await client.post('/login', { id: user.id });
      const { secret } = (await client.post('/mfa/totp')).body;
      expect((await client.post('/mfa/totp/activate', { code: codeOf(secret, test.clock) })).status).toBe(
        201,
      );
    });

    it('of the last second factor takes the recovery codes along', async () => {
      const user = await enroll(test);
      await test.admin.reset(user.id, REASON, { authenticatorId: user.authenticatorId });
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      expect((await user.client.post('/login', { id: user.id })).body.status).toBe('authenticated');
    });

    it('of the recovery codes takes their rows', async () => {
      const user = await enroll(test);
      const { authenticators } = await test.admin.status(user.id);
      const codes = authenticators.find(({ type }) => type === 'recovery_codes');
      await test.admin.reset(user.id, REASON, { authenticatorId: codes?.id ?? '' });
      expect(await rowsOf(test, user.id)).toEqual({ ...EMPTY, mfa_authenticator: 1 });
    });

    it('does not take what is another user’s, and nothing of this one with it', async () => {
      const [user, other] = [await enrollRich(test), await enroll(test)];
      for (const authenticatorId of [other.authenticatorId, 'unknown', '']) {
        await expect(test.admin.reset(user.id, REASON, { authenticatorId })).rejects.toMatchObject({
          code: 'not_found',
        });
      }
      expect(await rowsOf(test, user.id)).toEqual(FULL);
      expect((await other.client.get('/me')).status).toBe(200);
    });

    it('needs a reason', async () => {
      const user = await enrollRich(test);
      from = test.events.length;
      for (const reason of ['', ' \t', undefined, null, 7] as string[]) {
        await expect(test.admin.reset(user.id, reason)).rejects.toThrow(TypeError);
        await expect(test.admin.requireEnrollment(user.id, reason)).rejects.toThrow(TypeError);
        await expect(test.admin.waiveEnrollment(user.id, reason)).rejects.toThrow(TypeError);
      }
      expect(await rowsOf(test, user.id)).toEqual(FULL);
      expect((await test.admin.status(user.id)).required).toBe(false);
      expect(told()).toEqual([]);
    });

    it('of somebody unknown is a slip, and does no harm', async () => {
      const user = await enrollRich(test);
      const known = async () => (await test.admin.listUsers({ state: 'not_enrolled', limit: 1000 })).users;
      const before = await known();
      from = test.events.length;
      for (const slip of [
        () => test.admin.reset('ghost', REASON, AS_ROOT),
        () => test.admin.reset('ghost', REASON, { authenticatorId: 'x' }),
        () => test.admin.reset(user.id.toUpperCase(), REASON),
        () => test.admin.unlock('ghost'),
        () => test.admin.requireEnrollment('ghost', REASON),
        () => test.admin.waiveEnrollment('ghost', REASON),
      ]) {
        await expect(slip()).rejects.toMatchObject({ code: 'not_found' });
      }
      await expect(test.admin.reset('', REASON)).rejects.toThrow(TypeError);
      expect(told()).toEqual([]);
      expect(await known()).toEqual(before);
      expect(await rowsOf(test, user.id)).toEqual(FULL);
    });

    it('of somebody who is gone from the application removes what is kept here', async () => {
      const user = await enrollRich(test);
      users.delete(user.id);
      await test.admin.reset(user.id, REASON, AS_ROOT);
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      const id = newUserId();
      await test.client().post('/login', { id });
      // Nothing but a session tells that there was such a user.
      users.delete(id);
      await test.admin.reset(id, REASON, AS_ROOT);
      expect((await rowsOf(test, id)).mfa_session).toBe(0);
    });

    it('is not needed to end the sessions of somebody unknown, which does no harm', async () => {
      await expect(test.admin.endSessions('ghost')).resolves.toBeUndefined();
      await expect(test.admin.revokeTrustedDevices('ghost')).resolves.toBeUndefined();
    });

    it('leaves no chance to a sign-in, or a set-up, that is under way', async () => {
      const user = await enrollRich(test);
      const { body: setup } = await user.client.post('/mfa/totp');
      test.clock.advance(60);
      await Promise.all([
        test.admin.reset(user.id, REASON),
        authenticate(user.half, codeOf(user.secret, test.clock)),
        user.client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) }),
        user.browser.post('/login', { id: user.id }),
      ]);
      for (const client of [user.client, user.half]) expect((await client.get('/me')).status).toBe(401);
      expect((await test.admin.status(user.id)).authenticators).toEqual([]);
      expect((await test.admin.status(user.id)).trustedDevices).toEqual([]);
    });

    it('twice at once is done once, without an error', async () => {
      const user = await enrollRich(test);
      await Promise.all([test.admin.reset(user.id, REASON), test.admin.reset(user.id, REASON)]);
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      const one = await enroll(test);
      const results = await Promise.allSettled(
        [1, 2].map(() => test.admin.reset(one.id, REASON, { authenticatorId: one.authenticatorId })),
      );
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });
  });

  describe('canDeleteAuthenticator', () => {
    afterEach(() => test.adapter.kept.clear());

    it('is asked by a reset, and refuses all of it', async () => {
      const user = await enrollRich(test);
      test.adapter.kept.add(user.keyId);
      from = test.events.length;
      for (const action of [{}, { authenticatorId: user.keyId }]) {
        await expect(test.admin.reset(user.id, REASON, action)).rejects.toMatchObject({
          code: 'cannot_delete_authenticator',
        });
      }
      expect(await rowsOf(test, user.id)).toEqual(FULL);
      expect(told()).toEqual([]);
      expect((await user.client.get('/me')).status).toBe(200);
      expect(test.adapter.asked.at(-1)).toEqual([user.keyId, 'admin']);
      await test.admin.reset(user.id, REASON, { authenticatorId: user.authenticatorId });
      expect(test.adapter.asked.at(-1)).toEqual([user.authenticatorId, 'admin']);
    });

    it('is asked when a user deletes a factor, and refuses it', async () => {
      const user = await enrollRich(test);
      for (const id of [user.keyId, user.authenticatorId]) {
        test.adapter.kept.add(id);
        const { status, body } = await user.client.delete(`/mfa/authenticators/${id}`);
        expect([status, body.code]).toEqual([409, 'cannot_delete_authenticator']);
        expect(test.adapter.asked.at(-1)).toEqual([id, 'user']);
      }
      expect(await rowsOf(test, user.id)).toEqual(FULL);
    });

    it('is asked for the recovery codes too where they would go along with the last second factor', async () => {
      const { id, client, authenticatorId } = await enroll(test);
      const { body: rows } = await client.get('/mfa/authenticators');
      const codesId: string = rows.find(({ type }: { type: string }) => type === 'recovery_codes').id;
      test.adapter.kept.add(codesId);
      expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).body.code).toBe(
        'cannot_delete_authenticator',
      );
      expect(test.adapter.asked.at(-1)).toEqual([codesId, 'user']);
      await expect(test.admin.reset(id, REASON, { authenticatorId })).rejects.toMatchObject({
        code: 'cannot_delete_authenticator',
      });
      expect(test.adapter.asked.at(-1)).toEqual([codesId, 'admin']);
      expect((await client.get('/mfa/authenticators')).body).toEqual(rows);
      test.adapter.kept.clear();
      expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    });
  });

  describe('a user who is forgotten in the meantime', () => {
    afterEach(() => (test.adapter.meanwhile = undefined));

    it.each<[string, (user: Enrolled) => Promise<void>]>([
      ['reset', ({ id }) => test.admin.reset(id, REASON)],
      ['suspend', ({ id, authenticatorId }) => test.admin.suspend(id, authenticatorId, REASON)],
    ])('is not found: %s', async (_, change) => {
      const user = await enroll(test);
      test.adapter.meanwhile = () => test.app.get(MfaService).forgetUser(user.id);
      await expect(change(user)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('signs no administrator out', async () => {
      const [agent, user] = [await enroll(test), await enroll(test)];
      test.adapter.meanwhile = () => test.app.get(MfaService).forgetUser(user.id);
      const { status, body } = await agent.client.post(`/admin/mfa/${user.id}/reset`, { reason: REASON });
      expect([status, body.code]).toEqual([404, 'not_found']);
    });
  });

  describe('requireEnrollment', () => {
    it('makes the next sign-in ask for it, staff or not, and the session in use wait', async () => {
      const id = newUserId();
      const client = test.client();
      await client.post('/login', { id, isStaff: false });
      expect((await client.get('/me')).status).toBe(200);
      from = test.events.length;
      await test.admin.requireEnrollment(id, REASON, AS_ROOT);
      const from_ = new Date(test.clock.now()).toISOString();
      await expectEvents(id, [['mfa.admin.enrollment_required', { reason: REASON, from: from_ }]]);

      const refused = await client.get('/me');
      expect([refused.status, refused.body.code]).toEqual([403, 'mfa_enrollment_required']);
      const next = test.client();
      const { body } = await next.post('/login', { id });
      expect([body.status, body.methods]).toEqual(['enrollment_required', ['totp', 'webauthn']]);
      expect(await test.admin.status(id)).toMatchObject({ enabled: false, required: true });

      const { body: setup } = await next.post('/mfa/totp');
      const { status } = await next.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      expect(status).toBe(201);
      expect((await next.get('/me')).status).toBe(200);
      expect((await test.client().post('/login', { id })).body.status).toBe('mfa_required');
    });

    it('from a later moment on lets the user work until then', async () => {
      const id = newKnownUser();
      const deadline = new Date(test.clock.now() + 3_600_000);
      await test.admin.requireEnrollment(id, REASON, { from: deadline });
      const client = test.client();
      const { body } = await client.post('/login', { id });
      expect([body.status, body.enrollmentDeadline]).toEqual(['authenticated', deadline.toISOString()]);
      expect((await client.get('/me')).status).toBe(200);
      expect((await test.admin.status(id)).enrollmentDeadline).toEqual(deadline);
      test.clock.advance(3599);
      expect((await client.get('/me')).status).toBe(200);
      test.clock.advance(1);
      expect((await client.get('/me')).status).toBe(403);
      expect((await test.client().post('/login', { id })).body.status).toBe('enrollment_required');
    });

    it('is taken back by waiveEnrollment', async () => {
      const id = newKnownUser();
      await test.admin.requireEnrollment(id, REASON);
      const client = test.client();
      await client.post('/login', { id });
      expect((await client.get('/me')).status).toBe(403);
      from = test.events.length;
      await test.admin.waiveEnrollment(id, 'A mistake', AS_ROOT);
      await expectEvents(id, [['mfa.admin.enrollment_required', { reason: 'A mistake', from: null }]]);
      expect((await client.get('/me')).status).toBe(200);
      expect((await test.client().post('/login', { id })).body).toMatchObject({ status: 'authenticated' });
      expect((await test.admin.status(id)).required).toBe(false);
    });

    it('after a reset asks for a new factor; and when the user removes the factor, again', async () => {
      const user = await enroll(test);
      await test.admin.requireEnrollment(user.id, REASON);
      expect((await user.client.get('/me')).status).toBe(200);
      await test.admin.reset(user.id, REASON);
      const client = test.client();
      expect((await client.post('/login', { id: user.id })).body.status).toBe('enrollment_required');
      const { body: setup } = await client.post('/mfa/totp');
      const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      expect((await client.delete(`/mfa/authenticators/${body.authenticator.id}`)).status).toBe(204);
      expect((await client.get('/me')).status).toBe(403);
    });

    it('demands nothing of anybody else', async () => {
      const [one, two] = [newKnownUser(), newKnownUser()];
      await test.admin.requireEnrollment(one, REASON);
      expect((await test.client().post('/login', { id: two })).body.status).toBe('authenticated');
    });
  });

  describe('endSessions and revokeTrustedDevices', () => {
    it('end all sessions of the user, pending ones too, and no others', async () => {
      const [user, bystander] = [await enrollRich(test), await enrollRich(test)];
      from = test.events.length;
      await test.admin.endSessions(user.id, AS_ROOT);
      expect(await rowsOf(test, user.id)).toEqual({ ...FULL, mfa_session: 0 });
      expect(await rowsOf(test, bystander.id)).toEqual(FULL);
      expect((await user.client.get('/me')).status).toBe(401);
      test.clock.advance(60);
      expect((await authenticate(user.half, codeOf(user.secret, test.clock))).status).toBe(401);
      await expectEvents(user.id, [['mfa.session.ended', { scope: 'all', reason: 'admin' }]]);
    });

    it('take the trust from all browsers of the user', async () => {
      const [user, bystander] = [await enrollRich(test), await enrollRich(test)];
      from = test.events.length;
      await test.admin.revokeTrustedDevices(user.id, AS_ROOT);
      expect(await rowsOf(test, user.id)).toEqual({ ...FULL, mfa_trusted_device: 0 });
      await expectEvents(user.id, [['mfa.trusted_device.revoked', { deviceId: null, reason: 'admin' }]]);
      expect((await user.browser.post('/login', { id: user.id })).body.status).toBe('mfa_required');
      const { body } = await bystander.browser.post('/login', { id: bystander.id });
      expect(body.status).toBe('authenticated');
    });
  });

  describe('unlock', () => {
    it('gives a new budget of attempts, to this user only', async () => {
      const [user, other] = [await enroll(test), await enroll(test)];
      const [half, otherHalf] = [await halfSignIn(test, user), await halfSignIn(test, other)];
      for (let guess = 0; guess < 5; guess++) {
        await authenticate(half, '000000');
        await authenticate(otherHalf, '000000');
      }
      await test.admin.unlock(user.id, AS_ROOT);
      expect((await test.admin.status(user.id)).blockedUntil).toBeNull();
      expect((await authenticate(half, codeOf(user.secret, test.clock))).status).toBe(200);
      expect((await authenticate(otherHalf, codeOf(other.secret, test.clock))).status).toBe(429);
    });

    it('raises an event for a new budget, too', async () => {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      for (let guess = 0; guess < 5; guess++) await authenticate(half, '000000');
      from = test.events.length;
      await test.admin.unlock(user.id, AS_ROOT);
      expect(told().filter(({ actor }) => actor.type === 'admin')).not.toEqual([]);
    });
  });

  describe('over HTTP', () => {
    it('is not to be had, unless the application mounts it', () => {
      interface Layer {
        route?: { path: string };
      }
      const { router } = test.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
      const paths = router.stack.flatMap(({ route }) => (route ? [String(route.path)] : []));
      expect(paths.length).toBeGreaterThan(20);
      expect(paths.filter((path) => /admin|unlock|reset|users|purge/.test(path))).toEqual([
        '/admin/mfa/:userId/reset',
      ]);
    });

    it('is behind the application’s guards, and names who acts', async () => {
      const [agent, user] = [await enroll(test), await enrollRich(test)];
      const path = `/admin/mfa/${user.id}/reset`;
      expect((await test.client().post(path, { reason: REASON })).status).toBe(401);
      const half = await halfSignIn(test, agent);
      expect((await half.post(path, { reason: REASON })).status).toBe(401);
      expect(await rowsOf(test, user.id)).toEqual(FULL);
      const answer = await agent.client.post(path, { reason: REASON }, { 'user-agent': 'Desk/1' });
      expect(answer.status).toBe(201);
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      expect(
        test.events.find(({ type, userId }) => type === 'mfa.admin.reset' && userId === user.id),
      ).toMatchObject({
        actor: { type: 'admin', id: agent.id },
        userAgent: 'Desk/1',
        data: { reason: REASON },
      });
    });
  });
});

describe('looking at a user', () => {
  it('does not start the time in which they may work without a factor', async () => {
    const test = await startAdminApp({
      mfa: { requiredForStaff: true, enrollmentGracePeriodSeconds: 3600 },
    });
    try {
      const id = newUserId();
      users.set(id, { id, isStaff: true });
      await test.admin.status(id);
      test.clock.advance(3600);
      const { body } = await test.client().post('/login', { id });
      expect(body.status).toBe('authenticated');
    } finally {
      await test.close();
    }
  });
});

describe('purgeExpired', () => {
  let test: AdminApp;
  beforeEach(async () => {
    test = await startAdminApp({ mfa: { ...SHORT_LIVED } });
  });
  afterEach(() => test.close());

  const SHORT_LIVED = {
    webauthn: RELYING_PARTY,
    totp: { maxPerUser: 2, setupTtlSeconds: 600 },
    session: { pendingTtlSeconds: 900, ttlSeconds: 3600 },
    trustedDevices: { enabled: true, ttlSeconds: 7200 },
    audit: { enabled: true, retentionDays: 1 },
    gracePeriodSeconds: 86_400,
  };

  it('removes exactly what has expired, and nothing else', async () => {
    const user = await enrollRich(test);
    const start = test.clock.now();
    const { body: options } = await user.client.post('/mfa/authenticate/webauthn/options');
    const credential = user.key.get(options, { wrongKey: true });
    await user.client.post('/mfa/authenticate/webauthn', { credential });
    expect(await rowsOf(test, user.id)).toEqual(FULL);
    const nothing = {
      sessions: 0,
      totpSetups: 0,
      challenges: 0,
      trustedDevices: 0,
      factorSetups: 0,
      factorChallenges: 0,
      factorRows: 0,
      auditEntries: 0,
      recoveryCodeKeys: 0,
    };
    expect(await test.admin.purgeExpired()).toEqual(nothing);
    const until = (seconds: number) => test.clock.advance((start - test.clock.now()) / 1000 + seconds);

    until(599);
    expect(await test.admin.purgeExpired()).toEqual(nothing);
    until(601);
    expect(await test.admin.purgeExpired()).toEqual({ ...nothing, totpSetups: 1 });
    until(899);
    expect(await test.admin.purgeExpired()).toEqual(nothing);
    until(901);
    expect(await test.admin.purgeExpired()).toEqual({ ...nothing, sessions: 1 });
    expect((await user.client.get('/me')).status).toBe(200);
    until(3601);
    expect(await test.admin.purgeExpired()).toEqual({ ...nothing, sessions: 1 });
    // Used challenges are kept for an hour longer: the clock of another instance may take them for living ones still.
    until(3899);
    expect(await test.admin.purgeExpired()).toEqual(nothing);
    until(3901);
    // The one that registered the key, and the one that failed.
    expect(await test.admin.purgeExpired()).toEqual({ ...nothing, challenges: 2 });
    until(7201);
    expect(await test.admin.purgeExpired()).toEqual({ ...nothing, trustedDevices: 1 });
    until(86_399 - 60);
    expect((await test.admin.purgeExpired()).auditEntries).toBe(0);
    const before = (await test.app.get(MfaAuditService).find({ userId: user.id })).entries.length;
    until(86_401);
    expect((await test.admin.purgeExpired()).auditEntries).toBe(before);
    // Factors and codes have no end.
    expect(await rowsOf(test, user.id)).toEqual({
      ...EMPTY,
      mfa_authenticator: 3,
      mfa_webauthn_credential: 1,
      mfa_recovery_code: 10,
    });
    expect((await authenticate(await halfSignIn(test, user), codeOf(user.secret, test.clock))).status).toBe(
      200,
    );
  });
});

const STATES: MfaUserListState[] = ['enrolled', 'not_enrolled', 'enrollment_required', 'locked'];

/** 25 users of each state, and what the pages of ten say of them. */
function listing(start: () => Promise<AdminApp>): void {
  it('lists all users of a state, each once, in pages that stay the same', async () => {
    const test = await start();
    try {
      const expected: Record<MfaUserListState, string[]> = {
        enrolled: [],
        not_enrolled: [],
        enrollment_required: [],
        locked: [],
      };
      const totp = test.app.get(TotpService);
      const codes = test.app.get(RecoveryCodesService);
      const enrollOne = async (id: string) => {
        const { secret } = await totp.begin({ id });
        await totp.activate({ id }, { code: codeOf(secret, test.clock) });
        expected.enrolled.push(id);
      };
      for (let index = 0; index < 25; index++) {
        const name = String((index * 7) % 25).padStart(2, '0');
        await enrollOne(`enrolled-${name}`);
        await enrollOne(`Locked-${name}`);
        expect(await totp.validateToken({ id: `Locked-${name}` }, '000000')).toBe(false);
        // Two locks of one user are one entry.
        expect(await codes.validate({ id: `Locked-${name}` }, '00000000')).toBe(false);
        expected.locked.push(`Locked-${name}`);
        for (const id of [`asked-${name}`, `ünbound ${name}`]) users.set(id, { id });
        await test.admin.requireEnrollment(`asked-${name}`, REASON);
        await test.admin.requireEnrollment(`ünbound ${name}`, REASON);
        await test.admin.waiveEnrollment(`ünbound ${name}`, REASON);
        expected.enrollment_required.push(`asked-${name}`);
        expected.not_enrolled.push(`asked-${name}`, `ünbound ${name}`);
      }
      // Who has what is demanded is not on that list.
      await test.admin.requireEnrollment('enrolled-03', REASON);
      // A session alone leaves nothing to list.
      await test.app.get(AuthenticationSessionService).create({ id: 'passer-by' });

      for (const state of STATES) {
        const walk = async () => {
          const pages: string[][] = [];
          let cursor: string | null = null;
          do {
            const { users: found, next } = await test.admin.listUsers({ state, cursor, limit: 10 });
            pages.push(found.map(({ userId }) => userId));
            cursor = next;
          } while (cursor !== null);
          return pages;
        };
        const pages = await walk();
        const all = expected[state];
        expect(pages.map(({ length }) => length)).toEqual([
          ...Array(Math.floor(all.length / 10)).fill(10),
          ...(all.length % 10 ? [all.length % 10] : []),
        ]);
        expect(pages.flat().sort()).toEqual([...all].sort());
        expect(await walk()).toEqual(pages);
        // A page that ends where the list ends has none after it.
        const whole = await test.admin.listUsers({ state, limit: all.length });
        expect([whole.users.length, whole.next]).toEqual([all.length, null]);
        expect(whole.users.map(({ userId }) => userId)).toEqual(pages.flat());
      }

      const [first] = (await test.admin.listUsers({ state: 'locked', limit: 1 })).users;
      expect({ ...first, types: first?.types.sort() }).toEqual({
        userId: 'Locked-00',
        types: ['recovery_codes', 'totp'],
        locked: true,
        lastUsedAt: new Date(test.clock.now()),
      });
      const [bare] = (await test.admin.listUsers({ state: 'enrollment_required', limit: 1 })).users;
      expect(bare).toEqual({ userId: 'asked-00', types: [], locked: false, lastUsedAt: null });

      // What changes between two pages moves nobody from one to the other.
      const page = await test.admin.listUsers({ state: 'enrolled', limit: 10 });
      for (const { userId } of page.users) await test.admin.reset(userId, REASON);
      const rest = await test.admin.listUsers({ state: 'enrolled', cursor: page.next, limit: 100 });
      expect([...page.users, ...rest.users].map(({ userId }) => userId).sort()).toEqual(
        [...expected.enrolled].sort(),
      );
    } finally {
      await test.close();
    }
  }, 60_000);
}

describe('listUsers', () => {
  const lockAtOnce = { rateLimit: { attempts: 50, lockAfter: 1 } };
  listing(() => startAdminApp({ mfa: lockAtOnce }));

  it('refuses pages of no size, or of too many', async () => {
    const test = await startAdminApp();
    for (const limit of [0, -1, 1001, 1.5, NaN, '10' as unknown as number]) {
      await expect(test.admin.listUsers({ state: 'enrolled', limit })).rejects.toThrow(RangeError);
    }
    await expect(test.admin.listUsers({ state: 'enrolled' })).resolves.toEqual({ users: [], next: null });
    await expect(test.admin.listUsers({ state: 'enrolled', cursor: "' OR 1=1 --" })).resolves.toEqual({
      users: [],
      next: null,
    });
    await test.close();
  });

  it('does not call those locked whose lock has opened by waiting', async () => {
    const test = await startAdminApp({
      mfa: { rateLimit: { attempts: 50, lockAfter: 1, unlock: { afterSeconds: 60 } } },
    });
    try {
      const user = await enroll(test);
      await authenticate(await halfSignIn(test, user), '000000');
      const listed = async () =>
        (await test.admin.listUsers({ state: 'locked' })).users.map(({ userId }) => userId);
      expect(await listed()).toEqual([user.id]);
      test.clock.advance(60);
      expect(await listed()).toEqual([]);
    } finally {
      await test.close();
    }
  });

  it('does not list somebody of whom an administrator has only mistyped the id', async () => {
    const test = await startAdminApp();
    try {
      await expect(test.admin.reset('ghost', REASON)).rejects.toMatchObject({ code: 'not_found' });
      expect((await test.admin.listUsers({ state: 'not_enrolled' })).users).toEqual([]);
    } finally {
      await test.close();
    }
  });
});

describe(`administration on ${ENGINE}, under parallel requests`, () => {
  it('resets all that is kept of one user and nothing of another', async () => {
    const test = await startAdminApp({});
    try {
      const [user, bystander] = [await enrollRich(test), await enrollRich(test)];
      await Promise.all([
        test.admin.reset(user.id, REASON, AS_ROOT),
        test.admin.reset(user.id, REASON, AS_ROOT),
        authenticate(user.half, user.recoveryCodes[0]),
      ]);
      expect(await rowsOf(test, user.id)).toEqual(EMPTY);
      expect(await rowsOf(test, bystander.id)).toEqual(FULL);
      test.clock.advance(31 * 86_400);
      expect(await test.admin.purgeExpired()).toMatchObject({
        sessions: 2,
        totpSetups: 1,
        trustedDevices: 1,
      });
    } finally {
      await test.close();
    }
  }, 30_000);
});
