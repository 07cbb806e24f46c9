import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import type { DataSource } from 'typeorm';
import type { MfaEvent, MfaEventData, MfaEventType, MfaSignInContext, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  DefaultMfaAdapter,
  MfaAdminService,
  MfaEvents,
  MfaService,
  RecoveryCodesService,
  TrustedDevicesService,
} from 'nestjs-mfa';

import type { Tampering } from '../support/authenticator.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { ENGINE, rowsOf } from '../support/databases.js';
import type { Answer } from '../support/client.js';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { Gate } from '../support/gate.js';
import { provePassword } from '../support/inside.js';
import { revocableMetadata } from '../support/metadata.js';
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

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0';
const NEW_AGENT = 'Mozilla/5.0 (Windows NT 10.0) Firefox/150.0';
const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const APPLICATION = { actor: { type: 'application', id: null }, ip: null, userAgent: null, sessionId: null };

/** Every type there is; the compiler asks for the missing ones. */
const TYPES: Record<MfaEventType, true> = {
  'mfa.authenticator.added': true,
  'mfa.authenticator.removed': true,
  'mfa.authenticator.renamed': true,
  'mfa.authenticator.used': true,
  'mfa.authenticator.failed': true,
  'mfa.attempts.exhausted': true,
  'mfa.enrollment.failed': true,
  'mfa.reauthentication.failed': true,
  'mfa.access.refused': true,
  'mfa.authenticator.locked': true,
  'mfa.authenticator.unlocked': true,
  'mfa.authenticator.suspended': true,
  'mfa.authenticator.resumed': true,
  'mfa.authenticator.backup_eligibility_changed': true,
  'mfa.authenticator.unreadable': true,
  'mfa.authenticator.cloned': true,
  'mfa.authenticator.model_revoked': true,
  'mfa.authenticator.tampered': true,
  'mfa.recovery_code.used': true,
  'mfa.recovery_codes.low': true,
  'mfa.recovery_codes.regenerated': true,
  'mfa.session.started': true,
  'mfa.session.verified': true,
  'mfa.session.ended': true,
  'mfa.trusted_device.added': true,
  'mfa.trusted_device.used': true,
  'mfa.trusted_device.refused': true,
  'mfa.trusted_device.revoked': true,
  'mfa.sign_in.new_browser': true,
  'mfa.admin.reset': true,
  'mfa.admin.enrollment_required': true,
  'mfa.admin.unlocked': true,
  'mfa.admin.recovery_code_key_replaced': true,
  'mfa.user.forgotten': true,
};

const models = await revocableMetadata();

interface EventApp extends TestApp {
  events: MfaEvent[];
}

/** An application that remembers its events, and whose clients have a user agent. */
async function startEventApp(options: TestAppOptions = {}): Promise<EventApp> {
  const test = await startTestApp(options);
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  const client = (headers = {}) => new Client(test.url, { 'user-agent': AGENT, ...headers });
  return { ...test, client, events };
}

/** Triggers and a transaction on the only connection make the order of things certain here. */
const onSqlite = ENGINE === 'sqlite' ? describe : describe.skip;

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));
const statuses = (answers: Answer[], status: number) => answers.filter((answer) => answer.status === status);

/** What was told while this ran. */
async function during(test: EventApp, run: () => Promise<unknown>): Promise<MfaEvent[]> {
  const from = test.events.length;
  await run();
  return test.events.slice(from);
}

const typesOf = (events: MfaEvent[]) => events.map(({ type }) => type.replace('mfa.', ''));
const countOf = (events: MfaEvent[], type: MfaEventType) => events.filter((one) => one.type === type).length;
const factsOf = (events: MfaEvent[]) => events.map(({ type, data }) => [type.replace('mfa.', ''), data]);

async function sessionOf(test: TestApp, id: string): Promise<string> {
  const rows = await rowsOf(test.dataSource, 'SELECT id FROM mfa_session WHERE user_id = ?', [id]);
  expect(rows).toHaveLength(1);
  return rows[0].id as string;
}

const app = ({ authenticatorId }: Enrolled) => ({
  id: authenticatorId,
  type: 'totp',
  name: 'Authenticator app',
});
const codes = { id: expect.any(String), type: 'recovery_codes', name: 'Recovery codes' };

/** Proves the authenticator app in this client's session. */
async function prove(test: TestApp, user: Enrolled, client = user.client, extra = {}): Promise<Answer> {
  test.clock.advance(60);
  return client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), ...extra });
}

/** A browser that the user trusts, signed out. */
async function trust(test: TestApp, user: Enrolled): Promise<Client> {
  const browser = await halfSignIn(test, user);
  expect((await prove(test, user, browser, { trustDevice: true })).status).toBe(200);
  await browser.delete('/mfa/session');
  return browser;
}

async function addKey(
  client: Client,
  tampering: Tampering = {},
): Promise<{ key: SoftwareAuthenticator; id: string }> {
  const key = new SoftwareAuthenticator(tampering);
  const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
  const { body, status } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return { key, id: body.authenticator.id };
}

/** Keeps every commit of the application waiting while this runs; reads go on. */
async function holdCommits(dataSource: DataSource, meanwhile: () => unknown): Promise<void> {
  const { databaseConnection } = dataSource.driver as unknown as {
    databaseConnection: { exec(sql: string): void };
  };
  databaseConnection.exec('BEGIN');
  try {
    await meanwhile();
  } finally {
    databaseConnection.exec('COMMIT');
  }
}

/** How often a table was read so far. */
const readsOf = ({ logger }: EventApp, table: string): number =>
  logger.queries.filter(({ sql }) => sql.startsWith('SELECT') && sql.includes(`"${table}"`)).length;

/** How often a change of name reads the table: in the guard, and when it is planned. */
const RENAME_READS = 2;

/** Renames an authenticator while commits are held, and waits until all is read that the commit is planned on. */
async function renameUpToCommit(
  test: EventApp,
  { client, authenticatorId }: Enrolled,
): Promise<{ answer: Promise<Answer> }> {
  const before = readsOf(test, 'mfa_authenticator');
  const answer = client.patch(`/mfa/authenticators/${authenticatorId}`, { name: 'Phone' });
  await eventually('reads', () => readsOf(test, 'mfa_authenticator') >= before + RENAME_READS);
  return { answer };
}

/** One browser is new, and the others are no news here. */
class EventAdapter extends TestAdapter {
  override isNewSignIn(_user: MfaUser, { session }: MfaSignInContext): boolean {
    return session.userAgent === NEW_AGENT;
  }
}

/** Everything that came through the emitter. */
@Controller()
class Handlers {
  static all: MfaEvent[] = [];
  static used: MfaEvent<'mfa.authenticator.used'>[] = [];

  @OnEvent('mfa.**')
  all(event: MfaEvent): void {
    Handlers.all.push(event);
  }

  @OnEvent('mfa.authenticator.used')
  used(event: MfaEvent<'mfa.authenticator.used'>): void {
    Handlers.used.push(event);
  }
}

describe('events', () => {
  let test: EventApp;
  const usedOnly: MfaEvent<'mfa.authenticator.used'>[] = [];
  beforeAll(async () => {
    test = await startEventApp({
      adapter: EventAdapter,
      mfa: {
        webauthn: { ...RELYING_PARTY, attestation: 'indirect', metadata: models.options },
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        newSignIn: { enabled: true },
        rateLimit: { attempts: 50, lockAfter: 3, unlock: { byOtherFactor: true } },
      },
      imports: [EventEmitterModule.forRoot({ wildcard: true })],
      controllers: [Handlers],
    });
    test.app.get(MfaEvents).on('mfa.authenticator.used', (event) => usedOnly.push(event));
  });
  afterAll(() => test.close());

  it('say who, when, from where and in which session', async () => {
    const id = newUserId();
    const client = test.client();
    const [event, ...more] = await during(test, () => client.post('/login', { id }));
    expect(more).toEqual([]);
    expect(event).toEqual({
      id: expect.stringMatching(UUID_V7),
      type: 'mfa.session.started',
      at: new Date(test.clock.now()),
      userId: id,
      actor: { type: 'user', id },
      ip: '127.0.0.1',
      userAgent: AGENT,
      sessionId: await sessionOf(test, id),
      data: { methods: ['pwd'] },
    });
  });

  it('tell of a sign-in that is new, after it', async () => {
    const told = await during(test, () =>
      test.client({ 'user-agent': NEW_AGENT }).post('/login', { id: newUserId() }),
    );
    expect(factsOf(told)).toEqual([
      ['session.started', { methods: ['pwd'] }],
      ['sign_in.new_browser', { methods: ['pwd'] }],
    ]);
  });

  it('tell of the first factor, and of another one', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const sessionId = await sessionOf(test, id);
    let activated: Answer | undefined;
    const first = await during(test, async () => {
      activated = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    });
    const authenticator = { id: activated?.body.authenticator.id, type: 'totp', name: 'Authenticator app' };
    expect(factsOf(first)).toEqual([
      ['authenticator.added', { authenticator, isFirst: true }],
      ['session.verified', { method: 'totp' }],
      ['session.ended', { scope: 'others', reason: 'factors_changed' }],
    ]);
    for (const event of first) {
      expect(event).toMatchObject({
        userId: id,
        actor: { type: 'user', id },
        ip: '127.0.0.1',
        userAgent: AGENT,
        sessionId,
      });
    }
    let keyId = '';
    const second = await during(test, async () => {
      keyId = (await addKey(client)).id;
    });
    expect(factsOf(second)).toEqual([
      [
        'authenticator.added',
        { authenticator: { id: keyId, type: 'webauthn', name: 'Master key' }, isFirst: false },
      ],
      ['session.verified', { method: 'webauthn', userVerified: true, backedUp: false, attested: false }],
    ]);
  });

  it('tell of a sign-in by each factor, and of step-up', async () => {
    const user = await enroll(test);
    const { key, id: keyId } = await addKey(user.client);
    const authenticator = app(user);
    const half = await halfSignIn(test, user);
    const byApp = await during(test, () => prove(test, user, half));
    expect(factsOf(byApp)).toEqual([
      ['authenticator.used', { authenticator }],
      ['session.verified', { method: 'totp' }],
    ]);
    expect(byApp[0]).toMatchObject({ userId: user.id, userAgent: AGENT, sessionId: expect.any(String) });
    expect(byApp[0]?.sessionId).not.toBe(null);

    const stepUp = await during(test, () => prove(test, user));
    expect(typesOf(stepUp)).toEqual(['authenticator.used', 'session.verified']);
    expect(stepUp[0]?.sessionId).not.toBe(byApp[0]?.sessionId);

    const byCode = await during(test, async () =>
      (await halfSignIn(test, user)).post('/mfa/authenticate', { code: user.recoveryCodes[0] }),
    );
    expect(factsOf(byCode)).toEqual([
      ['session.started', { methods: ['pwd'] }],
      ['authenticator.used', { authenticator: codes }],
      ['recovery_code.used', { authenticator: codes, remaining: 9 }],
      ['session.verified', { method: 'recovery_code' }],
    ]);

    const passkey = await during(test, async () => {
      const client = test.client();
      const { body: options } = await client.post('/mfa/passkey/options');
      expect((await client.post('/mfa/passkey', { credential: key.get(options) })).status).toBe(200);
    });
    expect(factsOf(passkey)).toEqual([
      ['authenticator.used', { authenticator: { id: keyId, type: 'webauthn', name: 'Master key' } }],
      ['session.started', { methods: ['webauthn'] }],
      ['session.verified', { method: 'webauthn', userVerified: true, backedUp: false, attested: false }],
    ]);
    expect(passkey[0]).toMatchObject({ userId: user.id, actor: { type: 'user', id: user.id } });
  });

  it('tell of failures, with whether the first factor had been passed', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const pending = await during(test, () => half.post('/mfa/authenticate', { code: '000000' }));
    expect(factsOf(pending)).toEqual([['authenticator.failed', { types: ['totp'], afterFirstFactor: true }]]);
    expect(pending[0]).toMatchObject({
      userId: user.id,
      actor: { type: 'user', id: user.id },
      userAgent: AGENT,
    });
    const stepUp = await during(test, () => user.client.post('/mfa/authenticate', { code: '00000000' }));
    expect(factsOf(stepUp)).toEqual([
      ['authenticator.failed', { types: ['recovery_codes'], afterFirstFactor: false }],
    ]);
    const { key } = await addKey(user.client);
    const forged = await during(test, async () => {
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options, { wrongKey: true });
      expect((await half.post('/mfa/authenticate/webauthn', { credential })).body.code).toBe(
        'webauthn_failed',
      );
    });
    expect(factsOf(forged)).toEqual([
      ['authenticator.failed', { types: ['webauthn'], afterFirstFactor: true }],
    ]);
  });

  it('tell of failures outside a sign-in, of a spent budget, and of refused requests', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    await client.post('/mfa/totp');
    const told = await during(test, async () => {
      for (let guess = 0; guess < 49; guess++) await client.post('/mfa/totp/activate', { code: '000000' });
      const exchange = { request: { headers: {} }, response: {} };
      await expect(provePassword(test.app, { id }, 'wrong', exchange)).rejects.toMatchObject({
        code: 'incorrect_code',
      });
      for (let i = 0; i < 3; i++) expect((await client.get('/protected')).status).toBe(403);
    });
    expect(factsOf(told).slice(48)).toEqual([
      ['enrollment.failed', { type: 'totp' }],
      ['reauthentication.failed', { method: 'pwd' }],
      ['attempts.exhausted', { attempts: 50, windowSeconds: 300 }],
      ['access.refused', { reason: 'mfa_enrollment_required' }],
    ]);
  });

  it('tell of an authenticator that can’t be read, and of no failure of it', async () => {
    const user = await enroll(test);
    const sql = 'UPDATE mfa_authenticator SET data = ? WHERE id = ?';
    await rowsOf(test.dataSource, sql, ['garbage', user.authenticatorId]);
    const half = await halfSignIn(test, user);
    const told = await during(test, () => half.post('/mfa/authenticate', { code: '000000' }));
    expect(factsOf(told)).toEqual([['authenticator.unreadable', { authenticator: app(user) }]]);
  });

  it('tell of nothing for what is no attempt at all', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const told = await during(test, async () => {
      expect((await half.post('/mfa/authenticate', { code: 'nonsense!' })).status).toBe(400);
      expect((await test.client().post('/mfa/authenticate', { code: '000000' })).status).toBe(401);
      expect((await user.client.delete('/mfa/authenticators/nothing-of-the-kind')).status).toBe(404);
      expect((await user.client.patch(`/mfa/authenticators/${newUserId()}`, { name: 'x' })).status).toBe(404);
      expect((await user.client.post('/mfa/totp')).status).toBe(409);
      expect((await user.client.get('/mfa/authenticators')).status).toBe(200);
    });
    expect(factsOf(told)).toEqual([]);
  });

  it('tell of a lock, and of what opened it', async () => {
    const user = await enroll(test);
    const authenticator = app(user);
    const half = await halfSignIn(test, user);
    const locked = await during(test, async () => {
      for (let guess = 0; guess < 3; guess++) await half.post('/mfa/authenticate', { code: '000000' });
    });
    expect(typesOf(locked)).toEqual([
      'authenticator.failed',
      'authenticator.failed',
      'authenticator.failed',
      'authenticator.locked',
    ]);
    expect(locked.at(-1)).toMatchObject({ userId: user.id, userAgent: AGENT, data: { authenticator } });

    const opened = await during(test, () => half.post('/mfa/authenticate', { code: user.recoveryCodes[0] }));
    expect(factsOf(opened).slice(-2)).toEqual([
      ['session.verified', { method: 'recovery_code' }],
      ['authenticator.unlocked', { authenticator, by: 'other_factor' }],
    ]);

    for (let guess = 0; guess < 3; guess++) await user.client.post('/mfa/authenticate', { code: '000000' });
    const byAdmin = await during(test, () =>
      test.app.get(MfaAdminService).unlock(user.id, { actor: 'grace' }),
    );
    expect(factsOf(byAdmin)).toEqual([
      ['authenticator.unlocked', { authenticator, by: 'admin' }],
      ['admin.unlocked', { authenticators: [authenticator] }],
    ]);
    for (const event of byAdmin) {
      expect(event).toMatchObject({ ...APPLICATION, actor: { type: 'admin', id: 'grace' } });
    }
  });

  it('tell of recovery codes that are few, and of new ones', async () => {
    const user = await enroll(test);
    const told = await during(test, async () => {
      for (const code of user.recoveryCodes) await user.client.post('/mfa/authenticate', { code });
    });
    const used = told.filter(({ type }) => type === 'mfa.recovery_code.used');
    expect(used.map(({ data }) => data)).toEqual(
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((remaining) => ({ authenticator: codes, remaining })),
    );
    const low = told.filter(({ type }) => type === 'mfa.recovery_codes.low');
    expect(low.map(({ data }) => data)).toEqual(
      [3, 2, 1, 0].map((remaining) => ({ authenticator: codes, remaining })),
    );
    const made = await during(test, () => user.client.post('/mfa/recovery-codes'));
    expect(factsOf(made)).toEqual([['recovery_codes.regenerated', { authenticator: codes, count: 10 }]]);
    expect(made[0]).toMatchObject({
      actor: { type: 'user', id: user.id },
      ip: '127.0.0.1',
      userAgent: AGENT,
    });
  });

  it('tell of another name, and of a removal', async () => {
    const user = await enroll(test);
    const path = `/mfa/authenticators/${user.authenticatorId}`;
    const renamed = await during(test, () => user.client.patch(path, { name: 'Phone' }));
    const authenticator = { id: user.authenticatorId, type: 'totp', name: 'Phone' };
    expect(factsOf(renamed)).toEqual([
      ['authenticator.renamed', { authenticator, formerName: 'Authenticator app' }],
    ]);
    const sessionId = await sessionOf(test, user.id);
    expect(renamed[0]).toMatchObject({ actor: { type: 'user', id: user.id }, userAgent: AGENT, sessionId });

    await addKey(user.client);
    const removed = await during(test, () => user.client.delete(path));
    expect(factsOf(removed)).toEqual([
      ['authenticator.removed', { authenticator, isLast: false }],
      ['session.ended', { scope: 'others', reason: 'factors_changed' }],
    ]);
    const [key] = (await user.client.get('/mfa/authenticators?type=webauthn')).body;
    const last = await during(test, () => user.client.delete(`/mfa/authenticators/${key.id}`));
    expect(last[0]).toMatchObject({ sessionId, data: { authenticator: { id: key.id }, isLast: true } });
  });

  it('tell of a sign-out, and of a password that was changed', async () => {
    const user = await enroll(test);
    const sessionId = await sessionOf(test, user.id);
    const token = user.client.cookies.get('mfa_session');
    const request = { headers: { cookie: `mfa_session=${token}`, 'user-agent': AGENT }, ip: '192.0.2.7' };
    const changed = await during(test, () =>
      test.app.get(MfaService).passwordChanged({ id: user.id }, { request, endSessions: true }),
    );
    expect(factsOf(changed)).toEqual([
      ['trusted_device.revoked', { deviceId: null, reason: 'password_changed' }],
      ['session.ended', { scope: 'others', reason: 'password_changed' }],
    ]);
    expect(changed[0]).toMatchObject({
      actor: { type: 'user', id: user.id },
      ip: '192.0.2.7',
      userAgent: AGENT,
      sessionId,
    });
    const out = await during(test, () => user.client.delete('/mfa/session'));
    expect(factsOf(out)).toEqual([['session.ended', { scope: 'one', reason: 'logout' }]]);
    expect(out[0]).toMatchObject({ userId: user.id, sessionId, ip: '127.0.0.1', userAgent: AGENT });

    const reset = await during(test, () =>
      test.app.get(MfaService).passwordChanged({ id: user.id }, { endSessions: true }),
    );
    expect(reset).toMatchObject([
      { ...APPLICATION, userId: user.id },
      { ...APPLICATION, data: { scope: 'all', reason: 'password_changed' } },
    ]);
  });

  it('tell of trusted browsers: given, used, taken back', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const added = await during(test, () => prove(test, user, half, { trustDevice: true }));
    expect(typesOf(added)).toEqual(['authenticator.used', 'session.verified', 'trusted_device.added']);
    const [device] = await test.app.get(TrustedDevicesService).list({ id: user.id });
    expect(added.at(-1)).toMatchObject({
      userId: user.id,
      userAgent: AGENT,
      sessionId: added[0]?.sessionId,
      data: { deviceId: device?.id },
    });

    await half.delete('/mfa/session');
    const former = half.clone();
    const used = await during(test, () => half.post('/login', { id: user.id }));
    expect(factsOf(used)).toEqual([
      ['session.started', { methods: ['pwd'] }],
      ['trusted_device.used', { deviceId: device?.id }],
    ]);
    expect(used[1]?.sessionId).toBe(used[0]?.sessionId);

    const copied = await during(test, async () => {
      const elsewhere = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Chrome/150.0' };
      const copy = half.clone();
      copy.cookies.delete('mfa_session');
      for (let i = 0; i < 2; i++) await copy.post('/login', { id: user.id }, elsewhere);
    });
    expect(factsOf(copied).filter(([type]) => type !== 'session.started')).toEqual([
      ['trusted_device.refused', { deviceId: device?.id, reason: 'other_browser' }],
    ]);

    test.clock.advance(11);
    const reused = await during(test, () => former.post('/login', { id: user.id }));
    expect(factsOf(reused)).toContainEqual([
      'trusted_device.revoked',
      { deviceId: device?.id, reason: 'reused' },
    ]);
    expect(factsOf(reused)).toContainEqual(['session.ended', { scope: 'device', reason: 'trust_reused' }]);

    await trust(test, user);
    const [second] = await test.app.get(TrustedDevicesService).list({ id: user.id });
    await prove(test, user);
    const revoked = await during(test, () => user.client.delete(`/mfa/trusted-devices/${second?.id}`));
    expect(factsOf(revoked)).toEqual([
      ['trusted_device.revoked', { deviceId: second?.id, reason: 'revoked' }],
    ]);
    const nothing = await during(test, () => user.client.delete(`/mfa/trusted-devices/${second?.id}`));
    expect(nothing).toEqual([]);
    const all = await during(test, () => user.client.delete('/mfa/trusted-devices'));
    expect(factsOf(all)).toEqual([['trusted_device.revoked', { deviceId: null, reason: 'revoked' }]]);

    const without = await during(test, () => user.client.post('/mfa/recovery-codes'));
    expect(typesOf(without)).toEqual(['recovery_codes.regenerated']);
    await trust(test, user);
    await prove(test, user);
    const lost = await during(test, () => user.client.post('/mfa/recovery-codes'));
    expect(factsOf(lost).at(-1)).toEqual([
      'trusted_device.revoked',
      { deviceId: null, reason: 'factors_changed' },
    ]);
  });

  it('tell of a key that may have been copied', async () => {
    const user = await enroll(test);
    const { key, id } = await addKey(user.client);
    const half = await halfSignIn(test, user);
    const present = async (signCount: number) => {
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options, { signCount });
      return half.post('/mfa/authenticate/webauthn', { credential });
    };
    expect((await present(7)).status).toBe(200);
    const told = await during(test, async () => expect((await present(5)).status).toBe(400));
    expect(factsOf(told)).toEqual([
      ['authenticator.cloned', { authenticator: { id, type: 'webauthn', name: 'Master key' } }],
      [
        'authenticator.locked',
        { authenticator: { id, type: 'webauthn', name: 'Master key' }, reason: 'cloned' },
      ],
      ['authenticator.failed', { types: ['webauthn'], afterFirstFactor: false }],
    ]);
    expect(told[0]).toMatchObject({ userId: user.id, ip: '127.0.0.1', userAgent: AGENT });
  });

  it('tell of a key whose backup eligibility changed', async () => {
    const user = await enroll(test);
    const { key, id } = await addKey(user.client);
    const half = await halfSignIn(test, user);
    const told = await during(test, async () => {
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const credential = key.get(options, { backupEligible: true });
      expect((await half.post('/mfa/authenticate/webauthn', { credential })).status).toBe(400);
    });
    expect(factsOf(told)).toEqual([
      [
        'authenticator.backup_eligibility_changed',
        { authenticator: { id, type: 'webauthn', name: 'Master key' }, backupEligible: true },
      ],
      ['authenticator.failed', { types: ['webauthn'], afterFirstFactor: true }],
    ]);
  });

  it('tell of a key whose model was revoked', async () => {
    const user = await enroll(test);
    const aaguid = randomUUID();
    const { id } = await addKey(user.client, { aaguid });
    models.revoke(aaguid);
    const told = await during(test, () => test.app.get(MfaAdminService).reportRevokedModels());
    expect(factsOf(told)).toEqual([
      [
        'authenticator.model_revoked',
        {
          authenticator: { id, type: 'webauthn', name: 'Master key' },
          aaguid,
          model: null,
          status: 'REVOKED',
          since: null,
        },
      ],
    ]);
  });

  it('tell of a row that was written by hand, and of a user who is forgotten', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await rowsOf(test.dataSource, 'UPDATE mfa_authenticator SET last_step = 1 WHERE id = ?', [
      user.authenticatorId,
    ]);
    const code = codeOf(user.secret, test.clock);
    const told = await during(test, () => half.post('/mfa/authenticate', { code }));
    expect(factsOf(told)).toEqual([['authenticator.tampered', { authenticatorId: user.authenticatorId }]]);
    const last = await during(test, () => test.app.get(MfaService).forgetUser(user.id));
    expect(factsOf(last)).toEqual([['user.forgotten', { auditTrail: 'removed' }]]);
    expect(last[0]).toMatchObject({ ...APPLICATION, userId: user.id });
  });

  it('tell what an administrator did, and which one', async () => {
    const user = await enroll(test);
    const admin = test.app.get(MfaAdminService);
    const request = { headers: { 'user-agent': 'Support desk' }, ip: '192.0.2.9' };
    const by = { actor: 'grace', request };
    const { body: rows } = await user.client.get('/mfa/authenticators');
    const told = await during(test, async () => {
      await admin.requireEnrollment(user.id, 'new rule', { ...by, from: new Date('2027-02-01T00:00:00Z') });
      await admin.waiveEnrollment(user.id, 'rule withdrawn', by);
      await admin.endSessions(user.id, by);
      await admin.revokeTrustedDevices(user.id, by);
      await admin.reset(user.id, 'ticket 42', by);
    });
    expect(factsOf(told)).toEqual([
      ['admin.enrollment_required', { reason: 'new rule', from: '2027-02-01T00:00:00.000Z' }],
      ['admin.enrollment_required', { reason: 'rule withdrawn', from: null }],
      ['session.ended', { scope: 'all', reason: 'admin' }],
      ['trusted_device.revoked', { deviceId: null, reason: 'admin' }],
      [
        'admin.reset',
        {
          reason: 'ticket 42',
          authenticators: rows.map(({ id, type, name }: { id: string; type: string; name: string }) => {
            return { id, type, name };
          }),
        },
      ],
      ['session.ended', { scope: 'all', reason: 'admin' }],
    ]);
    for (const event of told) {
      expect(event).toMatchObject({
        userId: user.id,
        actor: { type: 'admin', id: 'grace' },
        ip: '192.0.2.9',
        userAgent: 'Support desk',
        sessionId: null,
      });
    }
    const refused = await during(test, () =>
      expect(admin.reset(user.id, 'x', { authenticatorId: 'nothing' })).rejects.toThrow(),
    );
    expect(refused).toEqual([]);
  });

  it('tell that one was suspended, and that it works again', async () => {
    const user = await enroll(test);
    const admin = test.app.get(MfaAdminService);
    const { authenticatorId: id } = user;
    const told = await during(test, async () => {
      await user.client.post(`/mfa/authenticate/authenticators/${id}/suspend`);
      await admin.resume(user.id, id);
      await admin.suspend(user.id, id, 'ticket 43');
    });
    const authenticator = { id, type: 'totp', name: expect.any(String) };
    expect(factsOf(told)).toEqual([
      ['authenticator.suspended', { authenticator, by: 'user' }],
      ['session.ended', { scope: 'others', reason: 'factors_changed' }],
      ['authenticator.resumed', { authenticator, by: 'admin' }],
      ['authenticator.suspended', { authenticator, by: 'admin', reason: 'ticket 43' }],
      ['session.ended', { scope: 'all', reason: 'admin' }],
    ]);
  });

  it('tell that an administrator gave a new budget of attempts', async () => {
    const user = await enroll(test);
    await (await halfSignIn(test, user)).post('/mfa/authenticate', { code: '000000' });
    const told = await during(test, () => test.app.get(MfaAdminService).unlock(user.id, { actor: 'grace' }));
    expect(told).toMatchObject([
      { type: 'mfa.admin.unlocked', actor: { type: 'admin', id: 'grace' }, data: { authenticators: [] } },
    ]);
  });

  it('tell that an administrator replaced the key of recovery codes, of nobody and to nobody', async () => {
    const mails = test.adapter.notifications.length;
    const told = await during(test, () =>
      test.app.get(MfaAdminService).replaceRecoveryCodeKey({ actor: 'grace' }),
    );
    expect(told).toMatchObject([
      {
        type: 'mfa.admin.recovery_code_key_replaced',
        userId: '',
        actor: { type: 'admin', id: 'grace' },
        data: { keyId: expect.stringMatching(/^recovery-codes:\d+$/) },
      },
    ]);
    expect(test.adapter.notifications).toHaveLength(mails);
  });

  it('name the session that a passkey starts', async () => {
    const user = await enroll(test);
    const { key } = await addKey(user.client);
    const client = test.client();
    const { body: options } = await client.post('/mfa/passkey/options');
    const told = await during(test, () => client.post('/mfa/passkey', { credential: key.get(options) }));
    expect(typesOf(told)).toEqual(['authenticator.used', 'session.started', 'session.verified']);
    const [session] = await test.app.get(AuthenticationSessionService).list({ id: user.id });
    expect(new Set(told.map(({ sessionId }) => sessionId))).toEqual(new Set([session?.id]));
  });

  it('name the application where there is no request', async () => {
    const user = await enroll(test);
    const told = await during(test, () =>
      test.app.get(RecoveryCodesService).validate({ id: user.id }, user.recoveryCodes[0] as string),
    );
    expect(typesOf(told)).toEqual(['authenticator.used', 'recovery_code.used']);
    for (const event of told) expect(event).toMatchObject({ ...APPLICATION, userId: user.id });
  });

  // The tests above have raised all of them.
  it('come in every type, have ids that sort by time, and reach `on(type)`, `on("*")` and the emitter alike', () => {
    expect([...new Set(test.events.map(({ type }) => type))].sort()).toEqual(Object.keys(TYPES).sort());
    const ids = test.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    for (const { id, at } of test.events)
      expect(parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(at.getTime());
    expect(Handlers.all).toEqual(test.events);
    const used = test.events.filter(({ type }) => type === 'mfa.authenticator.used');
    expect(used.length).toBeGreaterThan(5);
    expect(usedOnly).toEqual(used);
    expect(Handlers.used).toEqual(used);
  });

  it('stop when the listener is removed, and only for that listener', async () => {
    const events = test.app.get(MfaEvents);
    const [first, second]: [string[], string[]] = [[], []];
    const stop = events.on('mfa.session.started', ({ userId }) => first.push(userId));
    const stopSecond = events.on('mfa.session.started', ({ userId }) => second.push(userId));
    const [ada, bob] = [newUserId(), newUserId()];
    await test.client().post('/login', { id: ada });
    stop();
    stop();
    await test.client().post('/login', { id: bob });
    stopSecond();
    await test.client().post('/login', { id: newUserId() });
    expect([first, second]).toEqual([[ada], [ada, bob]]);
  });
});

describe('events of a user whom the application signs in by itself', () => {
  it('name the session that enrollment starts', async () => {
    const id = newUserId();
    class ByToken extends TestAdapter {
      override getAuthenticatedAt(): Date {
        return new Date(own.clock.now());
      }
    }
    const own: EventApp = await startEventApp({
      adapter: ByToken,
      configure: (app) =>
        app.use((request: { user?: object }, _: object, next: () => void) => {
          request.user = { id };
          next();
        }),
    });
    const { body: setup } = await own.client().post('/mfa/totp');
    const code = codeOf(setup.secret, own.clock);
    const told = await during(own, () => own.client().post('/mfa/totp/activate', { code }));
    expect(typesOf(told)).toEqual([
      'authenticator.added',
      'session.started',
      'session.verified',
      'session.ended',
    ]);
    const [session] = await own.app.get(AuthenticationSessionService).list({ id });
    await own.close();
    expect(new Set(told.map(({ sessionId }) => sessionId))).toEqual(new Set([session?.id]));
  });
});

describe('the compiler', () => {
  it('knows the data of each type', () => {
    const listen = (events: MfaEvents) => {
      events.on('mfa.recovery_code.used', ({ data }) => data.remaining.toFixed());
      // @ts-expect-error -- a sign-in has no such thing
      events.on('mfa.session.started', ({ data }) => data.remaining);
      // @ts-expect-error -- no such event
      events.on('mfa.session.begun', () => undefined);
      events.on('*', (event) => (event.type === 'mfa.admin.reset' ? event.data.reason : event.userId));
    };
    const data: MfaEventData['mfa.session.verified'] = { method: 'totp' };
    expect([typeof listen, data.method]).toEqual(['function', 'totp']);
  });
});

describe('listeners', () => {
  it('can fail in every way, and neither the request nor the others notice', async () => {
    const test = await startEventApp();
    const events = test.app.get(MfaEvents);
    events.on('*', () => {
      throw new Error('thrown by a listener');
    });
    events.on('*', () => Promise.reject(new Error('rejected by a listener')));
    // What is no Error may be thrown too.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    events.on('*', () => Promise.reject('no error at all'));
    events.on('*', () => new Promise(() => undefined));
    const after: MfaEvent[] = [];
    events.on('*', (event) => after.push(event));
    const user = await enroll(test);
    expect((await prove(test, user)).status).toBe(200);
    expect((await user.client.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(204);
    expect(after).toEqual(test.events);
    expect(typesOf(after)).toContain('authenticator.removed');
    const log = test.logger.lines.join('\n');
    expect(log).toContain('A listener of mfa.authenticator.added failed: thrown by a listener');
    expect(log).toContain('A listener of mfa.authenticator.removed failed: rejected by a listener');
    for (const secret of [user.secret, ...user.recoveryCodes]) expect(log).not.toContain(secret);
    await test.close();
  });

  it('of an emitter without wildcards are told by type, and may throw', async () => {
    @Controller()
    class Broken {
      static seen: string[] = [];

      @OnEvent('mfa.session.started')
      fail({ userId }: MfaEvent): void {
        Broken.seen.push(userId);
        throw new Error('thrown by a handler');
      }
    }
    const test = await startEventApp({ imports: [EventEmitterModule.forRoot()], controllers: [Broken] });
    test.app.get(EventEmitter2).on('mfa.session.started', () => {
      throw new Error('thrown by a bare listener');
    });
    const id = newUserId();
    expect((await test.client().post('/login', { id })).status).toBe(200);
    await eventually('word of both', () => /a handler[^]*a bare listener/.test(test.logger.lines.join('\n')));
    expect(Broken.seen).toEqual([id]);
    expect(test.logger.lines.join('\n')).toContain('thrown by a handler');
    expect(test.logger.lines.join('\n')).toContain('failed: thrown by a bare listener');
    await test.close();
  });

  it('of the emitter that are asynchronous may reject', async () => {
    const test = await startEventApp({ imports: [EventEmitterModule.forRoot()] });
    const rejected = Promise.reject(new Error('rejected, bare'));
    // So that only the log tells: without it Node ends the process, and Jest this test.
    rejected.catch(() => undefined);
    const listener: (...args: unknown[]) => unknown = () => rejected;
    test.app.get(EventEmitter2).on('mfa.session.started', listener);
    await test.client().post('/login', { id: newUserId() });
    const log = () => test.logger.lines.join('\n');
    await eventually('word of it', () => log().includes('failed: '));
    await test.close();
    expect(log()).toContain('failed: rejected, bare');
  });

  it('come after the response where they take their time', async () => {
    const test = await startEventApp();
    const gate = new Gate();
    let isDone = false;
    gate.close();
    test.app.get(MfaEvents).on('mfa.session.started', async () => {
      await gate.pass();
      isDone = true;
    });
    expect((await test.client().post('/login', { id: newUserId() })).status).toBe(200);
    expect(isDone).toBe(false);
    gate.open();
    await eventually('end of the listener', () => isDone);
    await test.close();
  });
});

/** Stops requests after their session was read, and sign-ins before a trusted browser is looked for. */
class PausingAdapter extends DefaultMfaAdapter {
  static readonly session = new Gate();
  static readonly login = new Gate();

  override async isMfaEnabled(...args: Parameters<DefaultMfaAdapter['isMfaEnabled']>): Promise<boolean> {
    await PausingAdapter.login.pass();
    return super.isMfaEnabled(...args);
  }

  override async getUser(request: object): Promise<MfaUser | null> {
    const user = await super.getUser(request);
    await PausingAdapter.session.pass();
    return user;
  }

  override findUser(userId: string): MfaUser | null {
    return users.get(userId) ?? null;
  }
}

/** Sends so many so that each has read its session and account before any of them goes on. */
async function abreast<T>(
  count: number,
  make: (index: number) => Promise<T>,
  gate = PausingAdapter.session,
): Promise<T[]> {
  gate.close();
  const sent = times(count, make);
  await gate.holds(count);
  gate.open();
  return sent;
}

describe('events of parallel submissions', () => {
  let test: EventApp;
  beforeAll(async () => {
    test = await startEventApp({
      adapter: PausingAdapter,
      mfa: { rateLimit: { attempts: 1000 }, trustedDevices: { enabled: true } },
    });
  });
  afterAll(() => test.close());

  it('say once that a code was used, of 25 sign-ins', async () => {
    const user = await enroll(test);
    const halves = await times(25, () => halfSignIn(test, user));
    const code = codeOf(user.secret, test.clock);
    const told = await during(test, () =>
      abreast(25, (index) => (halves[index] as Client).post('/mfa/authenticate', { code })),
    );
    expect(countOf(told, 'mfa.authenticator.used')).toBe(1);
    expect(countOf(told, 'mfa.session.verified')).toBe(1);
    expect(countOf(told, 'mfa.authenticator.failed')).toBe(24);
    expect(told).toHaveLength(26);
  });

  it('say once that a sign-in was finished, sent 25 times', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    const told = await during(test, () =>
      abreast(25, () => half.clone().post('/mfa/authenticate', { code })),
    );
    expect(countOf(told, 'mfa.authenticator.used')).toBe(1);
    expect(countOf(told, 'mfa.session.verified')).toBe(1);
  });

  it('say once that a recovery code was used', async () => {
    const user = await enroll(test);
    const halves = await times(25, () => halfSignIn(test, user));
    const code = user.recoveryCodes[0];
    const told = await during(test, () =>
      abreast(25, (index) => (halves[index] as Client).post('/mfa/authenticate', { code })),
    );
    expect(countOf(told, 'mfa.authenticator.used')).toBe(1);
    expect(countOf(told, 'mfa.recovery_code.used')).toBe(1);
    expect(countOf(told, 'mfa.session.verified')).toBe(1);
  });

  it('say of each of several recovery codes how many are left, and once each that they are few', async () => {
    const user = await enroll(test);
    const halves = await times(10, () => halfSignIn(test, user));
    const told = await during(test, async () => {
      const answers = await abreast(10, (index) =>
        (halves[index] as Client).post('/mfa/authenticate', { code: user.recoveryCodes[index] }),
      );
      expect(statuses(answers, 200)).toHaveLength(10);
    });
    const left = (type: 'mfa.recovery_code.used' | 'mfa.recovery_codes.low') =>
      told
        .flatMap((event) => (event.type === type ? [event.data.remaining] : []))
        .sort((one, other) => other - one);
    expect(left('mfa.recovery_code.used')).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(left('mfa.recovery_codes.low')).toEqual([3, 2, 1, 0]);
    expect((await user.client.get('/mfa/recovery-codes')).body.remaining).toBe(0);
  });

  it('say once that a factor was added', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    const told = await during(test, () =>
      abreast(25, () => client.clone().post('/mfa/totp/activate', { code })),
    );
    expect(typesOf(told)).toEqual(['authenticator.added', 'session.verified', 'session.ended']);
  });

  it('say once that a factor was removed', async () => {
    const user = await enroll(test);
    const path = `/mfa/authenticators/${user.authenticatorId}`;
    const told = await during(test, async () => {
      const answers = await abreast(25, () => user.client.clone().delete(path));
      expect(statuses(answers, 204)).toHaveLength(1);
    });
    expect(typesOf(told)).toEqual(['authenticator.removed', 'session.ended']);
  });

  it('say as often as it happened that recovery codes were made', async () => {
    const user = await enroll(test);
    let made = 0;
    const told = await during(test, async () => {
      const answers = await abreast(8, () => user.client.clone().post('/mfa/recovery-codes'));
      made = statuses(answers, 201).length;
    });
    expect(made).toBeGreaterThan(0);
    expect(typesOf(told)).toEqual(Array(made).fill('recovery_codes.regenerated'));
  });

  it('say once that a trusted browser was used, and once that it was revoked', async () => {
    const user = await enroll(test);
    const browser = await trust(test, user);
    const used = await during(test, () =>
      abreast(25, () => browser.clone().post('/login', { id: user.id }), PausingAdapter.login),
    );
    expect(countOf(used, 'mfa.trusted_device.used')).toBe(1);
    const [device] = await test.app.get(TrustedDevicesService).list({ id: user.id });
    await prove(test, user);
    const revoked = await during(test, () =>
      abreast(25, () => user.client.clone().delete(`/mfa/trusted-devices/${device?.id}`)),
    );
    expect(typesOf(revoked)).toEqual(['trusted_device.revoked']);
  });

  it('say once that a factor was locked', async () => {
    const strict = await startEventApp({ mfa: { rateLimit: { attempts: 1000, lockAfter: 3 } } });
    const user = await enroll(strict);
    const halves = await times(25, () => halfSignIn(strict, user));
    const told = await during(strict, () =>
      Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code: '000000' }))),
    );
    expect(countOf(told, 'mfa.authenticator.locked')).toBe(1);
    await strict.close();
  });

  it('say once that an administrator opened a lock', async () => {
    const strict = await startEventApp({ mfa: { rateLimit: { attempts: 50, lockAfter: 3 } } });
    const user = await enroll(strict);
    const half = await halfSignIn(strict, user);
    for (let guess = 0; guess < 3; guess++) await half.post('/mfa/authenticate', { code: '000000' });
    const told = await during(strict, () => times(5, () => strict.app.get(MfaAdminService).unlock(user.id)));
    await strict.close();
    expect(countOf(told, 'mfa.authenticator.unlocked')).toBe(1);
    const opened = told.flatMap((event) =>
      event.type === 'mfa.admin.unlocked' ? [event.data.authenticators.length] : [],
    );
    expect(opened.sort()).toEqual([0, 0, 0, 0, 1]);
  });
});

onSqlite('events of requests that overlap', () => {
  let test: EventApp;
  beforeAll(async () => {
    test = await startEventApp({
      adapter: PausingAdapter,
      mfa: { rateLimit: { attempts: 1000 }, trustedDevices: { enabled: true } },
    });
  });
  afterAll(() => test.close());

  it('say once that a session ended', async () => {
    const user = await enroll(test);
    const told = await during(test, async () => {
      const answers = await abreast(5, () => user.client.clone().delete('/mfa/session'));
      expect(statuses(answers, 204)).toHaveLength(5);
    });
    expect(typesOf(told)).toEqual(['session.ended']);
  });

  it('say once that a copied trust was revoked', async () => {
    const user = await enroll(test);
    const browser = await trust(test, user);
    const copy = browser.clone();
    await browser.post('/login', { id: user.id });
    test.clock.advance(11);
    const told = await during(test, async () => {
      PausingAdapter.login.close();
      const sent = times(5, () => copy.clone().post('/login', { id: user.id }));
      await PausingAdapter.login.holds(5);
      await holdCommits(test.dataSource, async () => {
        // All of them read the browser before one can revoke it.
        const before = readsOf(test, 'mfa_trusted_device');
        PausingAdapter.login.open();
        await eventually('five reads', () => readsOf(test, 'mfa_trusted_device') >= before + 5);
      });
      await sent;
    });
    expect(countOf(told, 'mfa.trusted_device.revoked')).toBe(1);
  });

  it('say nothing of a new name for a factor that is gone', async () => {
    const user = await enroll(test);
    const told = await during(test, async () => {
      let sent: { answer: Promise<Answer> } | undefined;
      await holdCommits(test.dataSource, async () => {
        sent = await renameUpToCommit(test, user);
        await test.dataSource.query('DELETE FROM mfa_authenticator WHERE id = ?', [user.authenticatorId]);
      });
      expect((await sent?.answer)?.status).toBe(404);
    });
    expect(typesOf(told)).toEqual([]);
  });
});

onSqlite('events and their commit', () => {
  let test: EventApp;
  beforeAll(async () => {
    test = await startEventApp();
  });
  afterAll(() => test.close());

  it('come after it: the listener sees the change, and no open transaction', async () => {
    const seen: unknown[] = [];
    const stop = test.app.get(MfaEvents).on('mfa.authenticator.added', async ({ data, userId }) => {
      const { databaseConnection } = test.dataSource.driver as unknown as {
        databaseConnection: { inTransaction: boolean };
      };
      const { inTransaction } = databaseConnection;
      const rows = await test.dataSource.query(
        'SELECT type FROM mfa_authenticator WHERE user_id = ? ORDER BY type',
        [userId],
      );
      seen.push({ inTransaction, rows, name: data.authenticator.name });
    });
    await enroll(test);
    await eventually('event', () => seen.length > 0);
    stop();
    expect(seen).toEqual([
      {
        inTransaction: false,
        name: 'Authenticator app',
        rows: [{ type: 'recovery_codes' }, { type: 'totp' }],
      },
    ]);
  });

  it('wait for it', async () => {
    const user = await enroll(test);
    const from = test.events.length;
    let sent: { answer: Promise<Answer> } | undefined;
    await holdCommits(test.dataSource, async () => {
      sent = await renameUpToCommit(test, user);
      expect(test.events.slice(from)).toEqual([]);
    });
    expect((await sent?.answer)?.status).toBe(200);
    expect(typesOf(test.events.slice(from))).toEqual(['authenticator.renamed']);
  });

  it.each([
    ['UPDATE', 'mfa_authenticator'],
    ['UPDATE', 'mfa_session'],
  ])('do not come when the database refuses the %s of %s, nor a notification', async (action, table) => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const notified = test.adapter.notifications.length;
    await test.dataSource.query(
      `CREATE TRIGGER broken BEFORE ${action} ON ${table} BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    );
    const told = await during(test, async () => {
      for (const code of [codeOf(user.secret, test.clock), user.recoveryCodes[0]]) {
        const { status, body, headers } = await half.post('/mfa/authenticate', { code });
        expect([status, body.code, headers.get('set-cookie')]).toEqual([503, 'storage_unavailable', null]);
      }
    });
    await test.dataSource.query('DROP TRIGGER broken');
    expect(told).toEqual([]);
    expect(test.adapter.notifications).toHaveLength(notified);
    const after = await during(test, () =>
      half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) }),
    );
    expect(typesOf(after)).toEqual(['authenticator.used', 'session.verified']);
  });
});

describe('nothing secret', () => {
  it('is in any event, notification, audit row or line of the log, of a whole story', async () => {
    const test = await startEventApp({
      mfa: {
        audit: { enabled: true },
        webauthn: RELYING_PARTY,
        trustedDevices: { enabled: true, afterRecoveryCode: true },
        rateLimit: { attempts: 50 },
      },
    });
    const secrets = new Set<string>();
    const take = (...values: (string | null | undefined)[]) => {
      for (const value of values) if (value) secrets.add(value);
    };
    const takeCookies = (client: Client) => {
      for (const value of client.cookies.values()) take(...value.split('.'), value);
    };
    const takeRows = async () => {
      const columns: [string, string][] = [
        ['mfa_session', 'token_hash'],
        ['mfa_trusted_device', 'token_hash'],
        ['mfa_trusted_device', 'former_token_hash'],
        ['mfa_recovery_code', 'code_hash'],
        ['mfa_authenticator', 'data'],
        ['mfa_totp_setup', 'data'],
        ['mfa_webauthn_credential', 'credential_id'],
        ['mfa_webauthn_credential', 'public_key'],
      ];
      for (const [table, column] of columns) {
        const rows = await test.dataSource.query(`SELECT ${column} AS value FROM ${table}`);
        for (const { value } of rows) take(value);
      }
    };

    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    takeCookies(client);
    const { body: setup } = await client.post('/mfa/totp');
    await takeRows();
    take(setup.secret, setup.url);
    const activation = codeOf(setup.secret, test.clock);
    const { body } = await client.post('/mfa/totp/activate', { code: activation });
    const user: Enrolled = {
      id,
      client,
      secret: setup.secret,
      authenticatorId: body.authenticator.id,
      recoveryCodes: body.recoveryCodes,
    };
    take(activation, ...user.recoveryCodes, ...user.recoveryCodes.map((code) => code.replaceAll('-', '')));
    takeCookies(client);
    await takeRows();
    const browser = await halfSignIn(test, user);
    takeCookies(browser);
    await browser.post('/mfa/authenticate', { code: '314159' });
    take('314159');
    await prove(test, user, browser, { trustDevice: true });
    take(codeOf(user.secret, test.clock));
    takeCookies(browser);
    await browser.delete('/mfa/session');
    await browser.post('/login', { id });
    takeCookies(browser);
    const other = await halfSignIn(test, user);
    await other.post('/mfa/authenticate', { code: user.recoveryCodes[0], trustDevice: true });
    takeCookies(other);
    await prove(test, user);
    take(codeOf(user.secret, test.clock));
    takeCookies(client);
    const { key } = await addKey(client);
    take(key.credentialId.toString('base64url'), key.credentialId.toString('hex'), key.userHandle);
    await takeRows();
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
    take(options.challenge);
    await client.post('/mfa/authenticate/webauthn', { credential: key.get(options) });
    takeCookies(client);
    take(...(await client.post('/mfa/recovery-codes')).body.codes);
    await takeRows();
    expect((await client.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(204);
    await test.app.get(MfaAdminService).reset(id, 'ticket 42', { actor: 'grace' });

    expect(secrets.size).toBeGreaterThan(60);
    const rows = await test.dataSource.query('SELECT * FROM mfa_audit_entry');
    expect(rows).toHaveLength(test.events.length);
    expect(test.events.length).toBeGreaterThan(20);
    expect(test.adapter.notifications.length).toBeGreaterThan(5);
    // Six digits might be part of an id or of a time by chance.
    const texts = [test.events, rows, test.adapter.notifications, test.logger.lines].map((one) =>
      JSON.stringify(one)
        .replace(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'ID')
        .replace(/\b1[89]\d{11}\b/g, 'TIME'),
    );
    for (const secret of secrets) for (const text of texts) expect(text).not.toContain(secret);
    await test.close();
  });
});
