import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaAuditQuery, MfaEvent } from 'nestjs-mfa';
import {
  MfaAuditEntry,
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaService,
  TrustedDevicesService,
} from 'nestjs-mfa';

import { ENGINE, rowsOf } from '../support/databases.js';
import type { Answer, Client } from '../support/client.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

const DAY = 86_400;

/** Where a trigger makes one statement fail. */
const onSqlite = ENGINE === 'sqlite' ? describe : describe.skip;

interface AuditApp extends TestApp {
  audit: MfaAuditService;
  admin: MfaAdminService;
  events: MfaEvent[];
}

async function startAuditApp(mfa: TestAppOptions['mfa'] = {}): Promise<AuditApp> {
  const test = await startTestApp({
    mfa: {
      audit: { enabled: true },
      trustedDevices: { enabled: true },
      rateLimit: { attempts: 1000 },
      ...mfa,
    },
  });
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  const audit = test.app.get(MfaAuditService);
  return Object.assign(test, { events, audit, admin: test.app.get(MfaAdminService) });
}

const trailOf = (test: TestApp): Promise<unknown[]> =>
  test.dataSource.query('SELECT * FROM mfa_audit_entry ORDER BY id');

/** Everything that is kept, without sessions' harmless differences: to see that nothing changed. */
async function snapshot(test: TestApp, { id }: Pick<Enrolled, 'id'>): Promise<unknown> {
  const tables = [
    'mfa_authenticator',
    'mfa_recovery_code',
    'mfa_session',
    'mfa_trusted_device',
    'mfa_audit_entry',
  ];
  const rows: unknown[] = [];
  for (const table of tables) {
    const key = table === 'mfa_recovery_code' ? 'code_hash' : 'id';
    rows.push(await test.dataSource.query(`SELECT * FROM ${table} WHERE user_id = ? ORDER BY ${key}`, [id]));
  }
  return rows;
}

const prove = (test: TestApp, user: Enrolled, client = user.client, extra = {}): Promise<Answer> => {
  test.clock.advance(60);
  return client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), ...extra });
};

async function trustedBrowser(test: TestApp, user: Enrolled): Promise<Client> {
  const browser = await halfSignIn(test, user);
  expect((await prove(test, user, browser, { trustDevice: true })).status).toBe(200);
  await browser.delete('/mfa/session');
  return browser;
}

describe('the audit trail', () => {
  it('is empty unless it is wanted', async () => {
    const test = await startTestApp();
    const { client } = await enroll(test);
    await client.post('/mfa/recovery-codes');
    expect(await trailOf(test)).toEqual([]);
    expect(await test.app.get(MfaAuditService).find()).toEqual({ entries: [], next: null });
    expect(test.logger.queries.some(({ sql }) => /^INSERT .*mfa_audit_entry/.test(sql))).toBe(false);
    await test.close();
  });

  it('keeps every event as it was told, and nothing else', async () => {
    const test = await startAuditApp();
    const user = await enroll(test);
    const browser = await trustedBrowser(test, user);
    await browser.post('/login', { id: user.id });
    await (await halfSignIn(test, user)).post('/mfa/authenticate', { code: '000000' });
    await user.client.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
    await user.client.post('/mfa/recovery-codes');
    await test.admin.reset(user.id, 'ticket 42', { actor: 'grace' });
    const { entries, next } = await test.audit.find();
    expect(next).toBe(null);
    expect(entries.every((entry) => entry instanceof MfaAuditEntry)).toBe(true);
    expect(test.events.length).toBeGreaterThan(12);
    expect(entries.map((entry) => ({ ...entry }))).toEqual(
      test.events
        .map(({ actor, ...event }) => ({ ...event, actorType: actor.type, actorId: actor.id }))
        .reverse(),
    );
    expect(entries[1]).toMatchObject({ actorType: 'admin', actorId: 'grace', data: { reason: 'ticket 42' } });
    await test.close();
  });

  it('has one row of 25 submissions of one code', async () => {
    const test = await startAuditApp();
    const user = await enroll(test);
    const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, user)));
    const code = codeOf(user.secret, test.clock);
    await Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
    const { entries } = await test.audit.find({ userId: user.id });
    const count = (wanted: string) => entries.filter(({ type }) => type === wanted).length;
    expect([count('mfa.authenticator.used'), count('mfa.authenticator.failed')]).toEqual([1, 24]);
    expect(await trailOf(test)).toHaveLength(test.events.length);
    await test.close();
  });

  it('has no way to change a row', async () => {
    const test = await startAuditApp();
    const user = await enroll(test);
    await user.client.patch(`/mfa/authenticators/${user.authenticatorId}`, { name: 'Phone' });
    await user.client.delete(`/mfa/authenticators/${user.authenticatorId}`);
    await test.admin.reset(user.id, 'ticket 42');
    const before = await trailOf(test);
    await test.admin.purgeExpired();
    expect(await trailOf(test)).toEqual(before);
    const methods = Object.getOwnPropertyNames(MfaAuditService.prototype).sort();
    expect(methods).toEqual(['constructor', 'find', 'purge']);
    const kinds = test.logger.queries
      .map(({ sql }) => sql)
      .filter(
        (sql) =>
          sql.includes('mfa_audit_entry') && /^(INSERT|UPDATE|DELETE|REPLACE|WITH|SELECT [^(])/.test(sql),
      )
      .map((sql) => sql.split(' ')[0]);
    expect([...new Set(kinds)].sort()).toEqual(['INSERT', 'SELECT']);
    // Statements that read the schema also name what happens to rows on UPDATE.
    const changing = /^(UPDATE|REPLACE)\b.*mfa_audit|mfa_audit.*ON (CONFLICT|DUPLICATE)/;
    expect(test.logger.queries.filter(({ sql }) => changing.test(sql))).toEqual([]);
    await test.close();
  });
});

onSqlite('a change whose audit row can’t be written', () => {
  let test: AuditApp;
  beforeAll(async () => {
    test = await startAuditApp();
  });
  afterAll(() => test.close());
  afterEach(() => test.dataSource.query('DROP TRIGGER IF EXISTS broken'));

  const breakAudit = (when = '') =>
    test.dataSource.query(
      `CREATE TRIGGER broken BEFORE INSERT ON mfa_audit_entry ${when} BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    );

  /** Expects that this is refused, changes nothing and is told to nobody; and that it works once rows can be written. */
  const expectRefusal = async (
    user: Enrolled,
    send: () => Promise<Answer>,
    status: number,
  ): Promise<void> => {
    const before = await snapshot(test, user);
    const [events, notifications] = [test.events.length, test.adapter.notifications.length];
    await breakAudit();
    const refused = await send();
    expect([refused.status, refused.body.code]).toEqual([503, 'storage_unavailable']);
    expect(refused.headers.get('set-cookie')).toBe(null);
    expect(refused.text).not.toContain('broken');
    expect(await snapshot(test, user)).toEqual(before);
    expect(test.events).toHaveLength(events);
    expect(test.adapter.notifications).toHaveLength(notifications);
    await test.dataSource.query('DROP TRIGGER broken');
    expect((await send()).status).toBe(status);
    expect(test.events.length).toBeGreaterThan(events);
  };

  it('does not happen: a sign-in', async () => {
    const user = await enroll(test);
    const client = test.client();
    await expectRefusal(user, () => client.post('/login', { id: user.id }), 200);
    expect(client.cookies.size).toBe(1);
  });

  it('does not happen: a second factor, whose code stays good', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    await expectRefusal(user, () => half.post('/mfa/authenticate', { code }), 200);
    const recovering = await halfSignIn(test, user);
    const body = { code: user.recoveryCodes[0] };
    await expectRefusal(user, () => recovering.post('/mfa/authenticate', body), 200);
    expect((await user.client.get('/mfa/recovery-codes')).body.remaining).toBe(9);
  });

  it('does not happen: a trusted browser, whether given or used', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const body = { code: codeOf(user.secret, test.clock), trustDevice: true };
    await expectRefusal(user, () => half.post('/mfa/authenticate', body), 200);
    await half.delete('/mfa/session');
    await breakAudit(`WHEN NEW.type = 'mfa.trusted_device.used'`);
    const { status, headers } = await half.post('/login', { id: user.id });
    expect([status, headers.get('set-cookie')]).toEqual([503, null]);
    await test.dataSource.query('DROP TRIGGER broken');
    expect((await half.post('/login', { id: user.id })).body.status).toBe('authenticated');
  });

  it('does not happen: a first factor', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    const user = { id } as Enrolled;
    await expectRefusal(user, () => client.post('/mfa/totp/activate', { code }), 201);
  });

  it('does not happen: another name, new recovery codes, a removal, a sign-out', async () => {
    const user = await enroll(test);
    const path = `/mfa/authenticators/${user.authenticatorId}`;
    await expectRefusal(user, () => user.client.patch(path, { name: 'Phone' }), 200);
    await expectRefusal(user, () => user.client.post('/mfa/recovery-codes'), 201);
    await expectRefusal(user, () => user.client.delete(path), 204);
    await expectRefusal(user, () => user.client.delete('/mfa/session'), 204);
  });

  it('does not happen: a failure is not counted', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await expectRefusal(user, () => half.post('/mfa/authenticate', { code: '000000' }), 400);
  });

  it('does not happen: what an administrator or the application does', async () => {
    const user = await enroll(test);
    await trustedBrowser(test, user);
    const before = await snapshot(test, user);
    const events = test.events.length;
    await breakAudit();
    const attempts = [
      () => test.admin.reset(user.id, 'ticket 42'),
      () => test.admin.endSessions(user.id),
      () => test.admin.revokeTrustedDevices(user.id),
      () => test.admin.requireEnrollment(user.id, 'new rule'),
      () => test.app.get(MfaService).passwordChanged({ id: user.id }, { endSessions: true }),
      () => test.app.get(TrustedDevicesService).revokeAll({ id: user.id }),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'storage_unavailable' });
    }
    expect(await snapshot(test, user)).toEqual(before);
    expect(test.events).toHaveLength(events);
    await test.dataSource.query('DROP TRIGGER broken');
    for (const attempt of attempts) await attempt();
    expect(test.events.length).toBeGreaterThan(events);
  });

  // Before the next one, whose application takes Nest's log over.
  it('happens, and is answered, when only the row about lost trust is missing', async () => {
    const user = await enroll(test);
    await trustedBrowser(test, user);
    await prove(test, user);
    await breakAudit(`WHEN NEW.type = 'mfa.trusted_device.revoked'`);
    const { status, body } = await user.client.post('/mfa/recovery-codes');
    expect([status, body.codes.length]).toEqual([201, 10]);
    expect(test.logger.lines.join('\n')).toContain(`The trusted browsers of user ${user.id} were removed`);
    const half = await halfSignIn(test, user);
    expect((await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(400);
    expect((await half.post('/mfa/authenticate', { code: body.codes[0] })).status).toBe(200);
  });

  it('does not happen without the table either', async () => {
    const other = await startAuditApp();
    const user = await enroll(other);
    const half = await halfSignIn(other, user);
    await other.dataSource.query('DROP TABLE mfa_audit_entry');
    const refused = await half.post('/mfa/authenticate', { code: codeOf(user.secret, other.clock) });
    expect([refused.status, refused.headers.get('set-cookie')]).toEqual([503, null]);
    expect((await half.get('/me')).status).toBe(401);
    await other.close();
  });
});

describe('reading the audit trail', () => {
  let test: AuditApp;
  const START = Date.parse('2027-01-15T08:00:00Z');
  const [ada, bob] = [newUserId(), newUserId()];
  /** In the order in which they were written: 25 within one millisecond, then five more, each a second later. */
  const reasons = Array.from({ length: 30 }, (_, i) => `reason ${i}`);
  beforeAll(async () => {
    test = await startAuditApp();
    expect(test.clock.now()).toBe(START);
    for (const id of [ada, bob]) users.set(id, { id });
    for (const [index, reason] of reasons.entries()) {
      if (index >= 25) test.clock.advance(1);
      await test.admin.requireEnrollment(index % 2 === 0 ? ada : bob, reason);
    }
    await test.admin.endSessions(ada);
  });
  afterAll(() => test.close());

  const reasonsOf = (entries: MfaAuditEntry[]) =>
    entries.map(({ data }) => (data as { reason: string }).reason);
  const types = ['mfa.admin.enrollment_required'] as const;
  const find = async (query: MfaAuditQuery) =>
    reasonsOf((await test.audit.find({ types: [...types], ...query })).entries);

  it('gives the newest first, also within one millisecond', async () => {
    expect(await find({})).toEqual([...reasons].reverse());
  });

  it.each([1, 7, 10, 29, 30, 31])('pages by %d without a gap or a repetition', async (limit) => {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await test.audit.find({ types: [...types], limit, cursor });
      pages.push(reasonsOf(page.entries));
      cursor = page.next;
    } while (cursor !== null && pages.length < 40);
    expect(pages.flat()).toEqual([...reasons].reverse());
    expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
    expect(pages).toHaveLength(Math.ceil(30 / limit));
  });

  it('keeps its place when rows are added in between', async () => {
    const first = await test.audit.find({ userId: bob, types: [...types], limit: 5 });
    await test.admin.waiveEnrollment(bob, 'later');
    const second = await test.audit.find({ userId: bob, types: [...types], limit: 5, cursor: first.next });
    await rowsOf(test.dataSource, 'DELETE FROM mfa_audit_entry WHERE data LIKE ?', ['%"later"%']);
    expect(reasonsOf([...first.entries, ...second.entries])).toEqual(
      reasons
        .filter((_, index) => index % 2 === 1)
        .reverse()
        .slice(0, 10),
    );
  });

  it('filters by user and by type', async () => {
    expect(await find({ userId: bob })).toEqual(reasons.filter((_, index) => index % 2 === 1).reverse());
    const ended = await test.audit.find({ types: ['mfa.session.ended'] });
    expect(ended.entries).toMatchObject([{ userId: ada, data: { scope: 'all', reason: 'admin' } }]);
    const both = await test.audit.find({ types: ['mfa.session.ended', ...types] });
    expect(both.entries).toHaveLength(31);
    expect(await test.audit.find({ types: [] })).toEqual({ entries: [], next: null });
    expect(await test.audit.find({ userId: 'nobody' })).toEqual({ entries: [], next: null });
    // A value, not SQL.
    expect((await test.audit.find({ userId: `' OR '1'='1` })).entries).toEqual([]);
    expect((await test.audit.find({ userId: ada, cursor: `' OR '1'='1` })).entries).toEqual([]);
  });

  it('filters by time, from a moment on and before another', async () => {
    const at = (seconds: number) => new Date(START + seconds * 1000);
    expect(await find({ from: at(0), to: at(0) })).toEqual([]);
    expect(await find({ to: at(0) })).toEqual([]);
    expect(await find({ to: new Date(START + 1) })).toEqual(reasons.slice(0, 25).reverse());
    expect(await find({ from: at(1) })).toEqual(reasons.slice(25).reverse());
    expect(await find({ from: new Date(START + 1), to: at(3) })).toEqual(['reason 26', 'reason 25']);
    expect(await find({ from: at(5), to: at(6), userId: bob })).toEqual(['reason 29']);
    expect(await find({ from: at(6) })).toEqual([]);
    expect(await find({ from: new Date(0) })).toHaveLength(30);
  });

  it.each([0, -1, 1001, 1.5, NaN, Infinity, '10'])('refuses a limit of %p', async (limit) => {
    await expect(test.audit.find({ limit: limit as number })).rejects.toThrow(RangeError);
  });

  it('takes a limit of 1000, and 100 without one', async () => {
    expect((await test.audit.find({ limit: 1000 })).entries).toHaveLength(31);
    for (let i = 0; i < 75; i++) await test.admin.endSessions('many');
    const page = await test.audit.find();
    expect(page.entries).toHaveLength(100);
    expect(page.next).toBe(page.entries[99]?.id);
  });
});

describe('the time that entries are kept', () => {
  it('is as long as the option says, to the day', async () => {
    const test = await startAuditApp({ audit: { enabled: true, retentionDays: 30 } });
    const id = newUserId();
    await test.admin.endSessions(id);
    test.clock.advance(1);
    await test.admin.endSessions(id);
    test.clock.advance(30 * DAY - 1);
    expect(await test.audit.purge()).toBe(0);
    test.clock.advance(0.001);
    expect((await test.admin.purgeExpired()).auditEntries).toBe(1);
    expect((await test.audit.find()).entries).toHaveLength(1);
    test.clock.advance(1);
    expect(await test.audit.purge()).toBe(1);
    expect(await trailOf(test)).toEqual([]);
    await test.close();
  });

  it('is a year by default', async () => {
    const test = await startAuditApp();
    await test.admin.endSessions(newUserId());
    test.clock.advance(365 * DAY);
    expect(await test.audit.purge()).toBe(0);
    test.clock.advance(1);
    expect(await test.audit.purge()).toBe(1);
    await test.close();
  });

  it('may reach back to before 1970', async () => {
    const test = await startAuditApp({ audit: { enabled: true, retentionDays: 36_500 } });
    await test.admin.endSessions(newUserId());
    expect(await test.audit.purge()).toBe(0);
    await test.close();
  });
});
