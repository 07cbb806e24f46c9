/** @jest-environment-options {"ownModules": true} */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent } from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaImportService,
  RecoveryCodesService,
  configureMfaTables,
} from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import { ENGINE, rowsOf, sharedDatabase } from '../support/databases.js';
import { HELD, HoldBack, pointsFrom } from '../support/hold-back.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

const OLD = 'the old secret of the tests, of 32 bytes or more';
const NEW = 'the new secret of the tests, of 32 bytes or more';

const LONG = { gracePeriodSeconds: 86_400, rateLimit: { attempts: 1000 } };

const adminOf = (test: TestApp) => test.app.get(MfaAdminService);

/** The keys of recovery codes, each with whether it is the current one. */
const keysOf = async (test: TestApp): Promise<Record<string, boolean>> => {
  const rows = await rowsOf(
    test.dataSource,
    "SELECT id, retired_at AS retired FROM mfa_key WHERE id LIKE 'recovery-codes%' ORDER BY id",
  );
  return Object.fromEntries(rows.map(({ id, retired }) => [id, retired === null]));
};

const keyOfSet = async (test: TestApp, { id }: { id: string }): Promise<string> => {
  const [row] = await rowsOf(
    test.dataSource,
    "SELECT data FROM mfa_authenticator WHERE user_id = ? AND type = 'recovery_codes'",
    [id],
  );
  return row.data || 'recovery-codes';
};

const statusOf = async (test: TestApp, user: { id: string }, code: string | undefined) =>
  (await (await halfSignIn(test, user)).post('/mfa/authenticate', { code })).status;

const regenerate = async (client: Client): Promise<string[]> =>
  (await client.post('/mfa/recovery-codes')).body.codes as string[];

describe('replacing the key of recovery codes', () => {
  const close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const one of close.splice(0).reverse()) await one();
  });

  const start = async (options: Parameters<typeof startTestApp>[0] = {}): Promise<TestApp> => {
    const test = await startTestApp({ ...options, mfa: { ...LONG, ...options.mfa } });
    close.push(() => test.close());
    return test;
  };

  const shared = async () => {
    const { orm, drop } = await sharedDatabase();
    close.push(drop);
    return orm;
  };

  it('is for new sets; those that exist stay under theirs, until nothing needs it', async () => {
    const test = await start({ mfa: { audit: { enabled: true } } });
    const [ada, bob] = [await enroll(test), await enroll(test)];
    const told: MfaEvent[] = [];
    test.app.get(MfaEvents).on('mfa.admin.recovery_code_key_replaced', (event) => told.push(event));
    expect(await adminOf(test).replaceRecoveryCodeKey({ actor: 'grace' })).toEqual({
      formerSets: 2,
      removedKeys: 0,
    });
    const [, second = ''] = Object.keys(await keysOf(test));
    expect(await keysOf(test)).toEqual({ 'recovery-codes': false, [second]: true });
    expect(told).toMatchObject([{ actor: { type: 'admin', id: 'grace' }, data: { keyId: second } }]);
    const { entries } = await test.app
      .get(MfaAuditService)
      .find({ types: ['mfa.admin.recovery_code_key_replaced'] });
    expect(entries).toMatchObject([{ userId: '', actorId: 'grace', data: { keyId: second } }]);

    const carol = await enroll(test);
    expect([await keyOfSet(test, ada), await keyOfSet(test, carol)]).toEqual(['recovery-codes', second]);
    for (const user of [ada, bob, carol]) {
      expect(await statusOf(test, user, user.recoveryCodes[0])).toBe(200);
      expect(await statusOf(test, user, user.recoveryCodes[0])).toBe(400);
      expect(await statusOf(test, user, '00000000')).toBe(400);
    }

    const codes = await regenerate(ada.client);
    expect(await keyOfSet(test, ada)).toBe(second);
    expect(await statusOf(test, ada, codes[0])).toBe(200);
    expect(await statusOf(test, ada, ada.recoveryCodes[1])).toBe(400);
    expect((await adminOf(test).purgeExpired()).recoveryCodeKeys).toBe(0);
    // Of the last set under the first key only used codes are left.
    for (const code of bob.recoveryCodes.slice(1)) expect(await statusOf(test, bob, code)).toBe(200);
    expect((await adminOf(test).purgeExpired()).recoveryCodeKeys).toBe(1);
    expect(await keysOf(test)).toEqual({ [second]: true });
    const restarted = await start({ orm: await copyOf(test) });
    restarted.clock.advance(600);
    const half = await halfSignIn(restarted, bob);
    expect((await half.post('/mfa/authenticate', { code: bob.recoveryCodes[0] })).body.code).toBe(
      'incorrect_code',
    );
    expect(restarted.logger.lines.join('\n')).not.toContain('is lost');
    expect(await statusOf(restarted, bob, codeOf(bob.secret, restarted.clock))).toBe(200);
    expect(await statusOf(restarted, carol, carol.recoveryCodes[1])).toBe(200);
  });

  it('can be done where there are no codes yet, and over and over', async () => {
    const test = await start();
    for (let i = 0; i < 3; i++) {
      expect(await adminOf(test).replaceRecoveryCodeKey()).toEqual({ formerSets: 0, removedKeys: 1 });
    }
    // At one moment of a clock that stands still each is newer than the one before.
    expect(Object.values(await keysOf(test))).toEqual([true]);
    const user = await enroll(test);
    test.clock.advance(-86_400);
    expect(await adminOf(test).replaceRecoveryCodeKey()).toEqual({ formerSets: 1, removedKeys: 0 });
    const codes = await test.app.get(RecoveryCodesService).generate({ id: user.id });
    expect((await adminOf(test).purgeExpired()).recoveryCodeKeys).toBe(1);
    expect(Object.keys(await keysOf(test))).toEqual([await keyOfSet(test, user)]);
    expect(await test.app.get(RecoveryCodesService).validate({ id: user.id }, codes[0] as string)).toBe(true);
  });

  it('is seen by an instance that has the former key in memory, when it verifies and when it makes codes', async () => {
    const orm = await shared();
    const [one, two] = [await start({ orm }), await start({ orm })];
    const ada = await enroll(one);
    expect(await statusOf(two, ada, ada.recoveryCodes[0])).toBe(200);
    await adminOf(one).replaceRecoveryCodeKey();
    const codes = await regenerate(ada.client);
    expect(await statusOf(two, ada, codes[0])).toBe(200);
    two.clock.advance(120);
    const bob = await enroll(two);
    expect(await keyOfSet(two, bob)).toBe(await keyOfSet(one, ada));
    one.clock.advance(300);
    expect(await statusOf(one, bob, bob.recoveryCodes[0])).toBe(200);
    // The first key is gone, and in the memory of both still.
    expect((await adminOf(one).purgeExpired()).recoveryCodeKeys).toBe(1);
    const [again] = await regenerate(bob.client);
    expect(await statusOf(one, bob, again)).toBe(200);
  });

  it('costs a sign-in no statement more', async () => {
    const test = await start();
    const ada = await enroll(test);
    const cost = async (user: Enrolled, code: string | undefined) => {
      const half = await halfSignIn(test, user);
      return (await test.logger.statementsOf(() => half.post('/mfa/authenticate', { code }))).length;
    };
    const before = await cost(ada, ada.recoveryCodes[0]);
    await adminOf(test).replaceRecoveryCodeKey();
    const bob = await enroll(test);
    expect(await cost(ada, ada.recoveryCodes[1])).toBe(before);
    expect(await cost(bob, bob.recoveryCodes[0])).toBe(before);
    expect(before).toBeLessThanOrEqual(6);
  });

  it('counts for imported codes', async () => {
    const test = await start();
    await adminOf(test).replaceRecoveryCodeKey();
    const id = newUserId();
    users.set(id, { id });
    await test.app.get(MfaImportService).importRecords([
      {
        userId: id,
        totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
        recoveryCodes: [{ code: '11111111' }, { code: '22222222', usedAt: new Date() }],
      },
    ]);
    expect(await keyOfSet(test, { id })).toMatch(/^recovery-codes:\d+$/);
    expect(await statusOf(test, { id }, '22222222')).toBe(400);
    expect(await statusOf(test, { id }, '11111111')).toBe(200);
  });

  it('goes with a secret that is replaced: all keys are under the new one', async () => {
    const orm = await shared();
    const before = await startTestApp({ orm, mfa: { ...LONG, secret: OLD } });
    const ada = await enroll(before);
    await adminOf(before).replaceRecoveryCodeKey();
    const bob = await enroll(before);
    await before.app.close();
    const both = await startTestApp({ orm, mfa: { ...LONG, secret: [NEW, OLD] } });
    expect((await adminOf(both).rotateSecret()).unreadable).toBe(0);
    await both.app.close();
    const after = await start({ orm, mfa: { secret: NEW } });
    after.clock.advance(600);
    for (const user of [ada, bob]) expect(await statusOf(after, user, user.recoveryCodes[0])).toBe(200);
  });

  it('helps users to new codes while the former key is lost, and keeps that for when it is back', async () => {
    const test = await start();
    const [ada, bob] = [await enroll(test), await enroll(test)];
    const [row] = await rowsOf(test.dataSource, "SELECT data FROM mfa_key WHERE id = 'recovery-codes'");
    await rowsOf(test.dataSource, "UPDATE mfa_key SET data = 'junk' WHERE id = 'recovery-codes'");
    const damaged = await start({ orm: await copyOf(test) });
    damaged.clock.advance(600);
    const half = await halfSignIn(damaged, ada);
    expect((await half.post('/mfa/authenticate', { code: codeOf(ada.secret, damaged.clock) })).status).toBe(
      200,
    );
    expect((await half.post('/mfa/recovery-codes')).body.code).toBe('cannot_generate_recovery_codes');
    expect(await adminOf(damaged).replaceRecoveryCodeKey()).toEqual({ formerSets: 2, removedKeys: 0 });
    const codes = await regenerate(half);
    expect(await statusOf(damaged, ada, codes[0])).toBe(200);
    expect(await statusOf(damaged, bob, bob.recoveryCodes[0])).toBe(400);
    await rowsOf(damaged.dataSource, "UPDATE mfa_key SET data = ? WHERE id = 'recovery-codes'", [row.data]);
    expect(await statusOf(damaged, bob, bob.recoveryCodes[0])).toBe(200);
  });

  it('leaves sets under a readable key alone, when those under a lost one are discarded', async () => {
    const test = await start();
    const ada = await enroll(test);
    await adminOf(test).replaceRecoveryCodeKey();
    const bob = await enroll(test);
    await rowsOf(test.dataSource, "UPDATE mfa_key SET data = 'junk' WHERE id LIKE 'recovery-codes:%'");
    const damaged = await start({ orm: await copyOf(test) });
    damaged.clock.advance(600);
    expect(await adminOf(damaged).discardUnreadable()).toMatchObject({ users: 1, recoveryCodeSets: 1 });
    expect(await statusOf(damaged, ada, ada.recoveryCodes[0])).toBe(200);
    const codes = await damaged.app.get(RecoveryCodesService).generate({ id: bob.id });
    expect(await statusOf(damaged, bob, codes[0])).toBe(200);
    // The one that was lost is gone, and its successor is the current one.
    const keys = await keysOf(damaged);
    expect(Object.keys(keys)).toHaveLength(2);
    expect(keys[await keyOfSet(damaged, bob)]).toBe(true);
  });

  it('is not undone by a key that somebody brings back who can only write to the table', async () => {
    const test = await start();
    const ada = await enroll(test);
    await adminOf(test).replaceRecoveryCodeKey();
    const [{ data }] = await rowsOf(test.dataSource, "SELECT data FROM mfa_key WHERE id = 'recovery-codes'");
    await rowsOf(test.dataSource, "UPDATE mfa_key SET retired_at = NULL WHERE id = 'recovery-codes'");
    const again = await regenerate(ada.client);
    expect(await keyOfSet(test, ada)).toMatch(/^recovery-codes:\d+$/);
    expect(await statusOf(test, ada, again[0])).toBe(200);
    // A key is bound to the id that says how new it is.
    await rowsOf(test.dataSource, 'INSERT INTO mfa_key (id, data) VALUES (?, ?)', [
      'recovery-codes:9999999999999',
      data,
    ]);
    const restarted = await start({ orm: await copyOf(test) });
    expect(restarted.logger.lines.join('\n')).toContain('row recovery-codes:9999999999999');
    await expect(restarted.app.get(RecoveryCodesService).generate({ id: ada.id })).rejects.toThrow(
      /recovery codes/i,
    );
  });

  /** The database for a second instance, which has none of the keys in memory. */
  async function copyOf({ dataSource }: TestApp) {
    if (ENGINE !== 'sqlite') return dataSource.options as never;
    const orm = await shared();
    await dataSource.query('VACUUM INTO ?', [String(orm.database)]);
    return orm;
  }

  it('is in the trail of an application whose user ids are numbers', async () => {
    configureMfaTables({ userId: { type: 'int' }, binaryCollation: ENGINE === 'mariadb' });
    try {
      const test = await start({ mfa: { audit: { enabled: true } } });
      await adminOf(test).replaceRecoveryCodeKey({ actor: 'grace' });
      const { entries } = await test.app.get(MfaAuditService).find();
      expect(entries).toMatchObject([
        { type: 'mfa.admin.recovery_code_key_replaced', userId: '0', actorId: 'grace' },
      ]);
    } finally {
      configureMfaTables({});
    }
  });
});

describe('a set that is made while its key is replaced', () => {
  const holdBack = new HoldBack();
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: LONG, configure: holdBack.mark });
    holdBack.watch(test.dataSource, test.adapter);
  });
  afterAll(() => test.close());

  /** Replaces the key, and removes whatever is not needed by then. */
  const replace = async () => {
    await adminOf(test).replaceRecoveryCodeKey();
  };

  const expectSound = async (id: string, codes: string[], label: string) => {
    await adminOf(test).purgeExpired();
    const keys = await keysOf(test);
    const key = await keyOfSet(test, { id });
    expect([label, Object.keys(keys)]).toEqual([label, expect.arrayContaining([key])]);
    expect([label, await statusOf(test, { id }, codes.at(-1))]).toEqual([label, 200]);
  };

  it('is never under a key that is gone, wherever it is held back', async () => {
    let points = 0;
    for (const point of pointsFrom()) {
      const { client, id } = await enroll(test);
      // Nothing needs the current key then.
      await replace();
      const [set] = (await client.get('/mfa/authenticators?type=recovery_codes')).body;
      expect((await client.delete(`/mfa/authenticators/${set.id}`)).status).toBe(204);
      const send = () => client.post('/mfa/recovery-codes', undefined, HELD);
      const { answer, reached } = await holdBack.run(point, send, replace);
      expect([point, answer.status]).toEqual([point, 201]);
      await expectSound(id, answer.body.codes, `step ${point}`);
      if (!reached) break;
      points = point;
    }
    expect(points).toBeGreaterThan(5);
  }, 60_000);

  it('is sound as the set of a first factor too', async () => {
    let points = 0;
    for (const point of pointsFrom()) {
      const id = newUserId();
      const client = test.client();
      await client.post('/login', { id });
      const { body: setup } = await client.post('/mfa/totp');
      const code = codeOf(setup.secret, test.clock);
      await replace();
      const send = () => client.post('/mfa/totp/activate', { code }, HELD);
      const { answer, reached } = await holdBack.run(point, send, replace);
      expect([point, answer.status]).toEqual([point, 201]);
      await expectSound(id, answer.body.recoveryCodes, `step ${point}`);
      if (!reached) break;
      points = point;
    }
    expect(points).toBeGreaterThan(5);
  }, 60_000);

  it('is sound among many that are made and replaced at once', async () => {
    const all: Enrolled[] = [];
    for (let i = 0; i < 8; i++) all.push(await enroll(test));
    const [replaced, ...sets] = await Promise.all([
      Promise.all([replace(), replace(), replace()]),
      ...all.map(({ client }) => regenerate(client)),
    ]);
    expect(replaced).toHaveLength(3);
    await adminOf(test).purgeExpired();
    expect(Object.values(await keysOf(test)).filter(Boolean)).toHaveLength(1);
    for (const [index, codes] of sets.entries()) {
      expect(await statusOf(test, all[index] as Enrolled, codes[0])).toBe(200);
    }
  }, 60_000);
});
