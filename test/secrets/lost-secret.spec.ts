/** @jest-environment-options {"ownModules": true} */
import { afterAll, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaDiscardReport, MfaEvent } from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaModule,
  MfaService,
  RecoveryCodesService,
} from 'nestjs-mfa';

import { TokenListFactor } from '../fixtures/token-list.factor.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { testCli } from '../support/cli.js';
import type { Client } from '../support/client.js';
import { rowsOf, sharedDatabase } from '../support/databases.js';
import { permittingLostSecret } from '../support/inside.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const LOST = 'the lost secret of the tests, of 32 bytes or more';
const NEW = 'the new secret of the tests, of 32 bytes or more';

const mfa = { webauthn: RELYING_PARTY, audit: { enabled: true }, rateLimit: { attempts: 50 } };

const NOTHING: MfaDiscardReport = {
  users: 0,
  authenticatorApps: 0,
  securityKeys: 0,
  recoveryCodeSets: 0,
  otherAuthenticators: 0,
  factorRows: 0,
  setups: 0,
  resealed: 0,
  refused: 0,
};

async function addKey(client: Client): Promise<SoftwareAuthenticator> {
  const key = new SoftwareAuthenticator();
  const { body: options } = await client.post('/mfa/webauthn/options');
  expect((await client.post('/mfa/webauthn', { credential: key.create(options) })).status).toBe(201);
  return key;
}

async function enrollKey(test: TestApp) {
  const id = newUserId();
  const client = test.client();
  await client.post('/login', { id });
  return { id, client, key: await addKey(client) };
}

async function keyStatus(client: Client, key: SoftwareAuthenticator): Promise<number> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return (await client.post('/mfa/authenticate/webauthn', { credential: key.get(options) })).status;
}

const codeStatus = async (client: Client, code: string | undefined) =>
  (await client.post('/mfa/authenticate', { code })).status;

const loginStatus = async (test: TestApp, { id }: { id: string }) =>
  (await test.client().post('/login', { id })).body.status as string;

async function startWithout(options: TestAppOptions): Promise<TestApp> {
  const test = await permittingLostSecret(() => startTestApp(options));
  test.clock.advance(600);
  return test;
}

describe('a secret that is lost for good', () => {
  it('keeps the application from booting, and the dry run counts what goes with it', async () => {
    const { orm, drop } = await sharedDatabase();
    const options = { ...mfa, factors: [TokenListFactor] };
    const before = await startTestApp({ orm, mfa: { ...options, secret: LOST } });
    const both = await enroll(before);
    await addKey(both.client);
    const keyOnly = await enrollKey(before);
    const inSetup = before.client();
    await inSetup.post('/login', { id: newUserId() });
    await inSetup.post('/mfa/totp');
    await inSetup.post('/mfa/factors/token_list', {});
    await before.app.close();

    await expect(startTestApp({ orm, mfa: { ...options, secret: NEW } })).rejects.toThrow(
      /discard-unreadable/,
    );
    const test = await startWithout({ orm, mfa: { ...options, secret: NEW } });
    const admin = test.app.get(MfaAdminService);
    const dry = await admin.discardUnreadable({ dryRun: true });
    expect(dry).toEqual({
      ...NOTHING,
      users: 2,
      authenticatorApps: 1,
      securityKeys: 2,
      recoveryCodeSets: 2,
      setups: 2,
    });
    // It has written nothing.
    expect(await admin.discardUnreadable({ dryRun: true })).toEqual(dry);
    expect(await loginStatus(test, both)).toBe('mfa_required');

    const told: MfaEvent[] = [];
    test.app.get(MfaEvents).on('*', (event) => told.push(event));
    expect(await admin.discardUnreadable({ actor: 'ada' })).toEqual(dry);
    for (const { id } of [both, keyOnly]) {
      const own = told.filter(({ userId }) => userId === id);
      expect(own.map(({ type }) => type)).toEqual(['mfa.admin.reset', 'mfa.session.ended']);
      expect(own[0]).toMatchObject({
        actor: { type: 'admin', id: 'ada' },
        data: { reason: expect.stringContaining('unreadable') },
      });
      const { entries } = await test.app
        .get(MfaAuditService)
        .find({ userId: id, types: ['mfa.admin.reset'] });
      expect(entries).toHaveLength(1);
    }
    expect(test.adapter.notifications.map(({ type }) => type)).toEqual(['admin_reset', 'admin_reset']);
    expect(await admin.discardUnreadable()).toEqual(NOTHING);
    expect(await loginStatus(test, both)).toBe('authenticated');
    await test.app.close();

    // From now on it boots without further ado, and everybody can enroll again.
    const after = await startTestApp({ orm, mfa: { ...options, secret: NEW } });
    after.clock.advance(1200);
    const again = await enroll(after);
    expect(await codeStatus(await halfSignIn(after, again), again.recoveryCodes[0])).toBe(200);
    await after.app.close();
    await drop();
  });

  it('costs nobody a factor that is under another secret', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { ...mfa, secret: LOST } });
    const lost = await enroll(before);
    await before.app.close();
    const between = await startTestApp({ orm, mfa: { ...mfa, secret: [NEW, LOST] } });
    between.clock.advance(600);
    const kept = await enroll(between);
    const half = await halfSignIn(between, lost);
    expect(await codeStatus(half, codeOf(lost.secret, between.clock))).toBe(200);
    const key = await addKey(half);
    await between.app.close();

    const test = await startWithout({ orm, mfa: { ...mfa, secret: NEW } });
    test.clock.advance(600);
    // The key of the recovery codes is still under the lost one.
    expect(await test.app.get(MfaAdminService).discardUnreadable()).toEqual({
      ...NOTHING,
      users: 2,
      authenticatorApps: 1,
      recoveryCodeSets: 2,
    });
    const left = async ({ id }: { id: string }) =>
      (await test.app.get(MfaService).getUserAuthenticators({ id })).map(({ type }) => type);
    expect(await left(lost)).toEqual(['webauthn']);
    expect(await left(kept)).toEqual(['totp']);
    expect(await keyStatus(await halfSignIn(test, lost), key)).toBe(200);
    expect(await codeStatus(await halfSignIn(test, kept), codeOf(kept.secret, test.clock))).toBe(200);
    // New codes have a new key.
    const codes = await test.app.get(RecoveryCodesService).generate({ id: kept.id });
    expect(await codeStatus(await halfSignIn(test, kept), codes[0])).toBe(200);
    await test.app.close();
    await drop();
  });

  it('costs nobody a security key where the operator answers for the database', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { ...mfa, secret: LOST } });
    const [good, forged] = [await enrollKey(before), await enrollKey(before)];
    await before.app.close();
    const test = await startWithout({ orm, mfa: { ...mfa, secret: NEW } });
    expect(await keyStatus(await halfSignIn(test, good), good.key)).toBe(400);
    await rowsOf(test.dataSource, 'UPDATE mfa_webauthn_credential SET seal = NULL WHERE user_id = ?', [
      forged.id,
    ]);
    const expected = { ...NOTHING, users: 2, securityKeys: 1, recoveryCodeSets: 2, resealed: 1 };
    const admin = test.app.get(MfaAdminService);
    expect(await admin.discardUnreadable({ dryRun: true, reseal: true })).toEqual(expected);
    expect(await keyStatus(await halfSignIn(test, good), good.key)).toBe(400);
    expect(await admin.discardUnreadable({ reseal: true })).toEqual(expected);
    expect(await keyStatus(await halfSignIn(test, good), good.key)).toBe(200);
    expect(await loginStatus(test, forged)).toBe('authenticated');
    await test.app.close();
    await drop();
  });

  it('loses nothing that a key service has encrypted, and nothing when that is away', async () => {
    class KeyServiceAdapter extends TestAdapter {
      isAway = false;

      override encrypt(text: string): string {
        return `kms:${Buffer.from(text).toString('base64')}`;
      }

      override decrypt(text: string): string {
        if (this.isAway) throw new Error('The key service is away');
        return Buffer.from(text.slice(4), 'base64').toString();
      }
    }
    class WrappingAdapter extends TestAdapter {
      isAway = false;

      override decrypt(...given: Parameters<TestAdapter['decrypt']>): ReturnType<TestAdapter['decrypt']> {
        if (this.isAway) throw new Error('The key service is away');
        return super.decrypt(...given);
      }
    }
    const { orm, drop } = await sharedDatabase();
    const options = { orm, adapter: KeyServiceAdapter };
    const before = await startTestApp({ ...options, mfa: { ...mfa, secret: LOST } });
    const user = await enroll(before);
    await before.app.close();
    const test = await startWithout({ ...options, mfa: { ...mfa, secret: NEW } });
    const report = await test.app.get(MfaAdminService).discardUnreadable({ reseal: true });
    // Its seal was of the lost secret; the key of the codes is with the key service too.
    expect(report).toEqual({ ...NOTHING, resealed: 1 });
    expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(200);
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(200);
    await test.app.close();
    await drop();

    const wrapping = await startTestApp({ mfa, adapter: WrappingAdapter });
    const own = await enroll(wrapping);
    (wrapping.adapter as WrappingAdapter).isAway = true;
    await expect(wrapping.app.get(MfaAdminService).discardUnreadable()).rejects.toThrow('is away');
    (wrapping.adapter as WrappingAdapter).isAway = false;
    expect(await codeStatus(await halfSignIn(wrapping, own), codeOf(own.secret, wrapping.clock))).toBe(200);
    await wrapping.close();
  });

  it('leaves what the adapter lets nobody delete', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { ...mfa, secret: LOST } });
    const user = await enroll(before);
    await before.app.close();
    const test = await startWithout({ orm, mfa: { ...mfa, secret: NEW } });
    test.adapter.canDeleteAuthenticator = () => false;
    expect(await test.app.get(MfaAdminService).discardUnreadable()).toEqual({ ...NOTHING, refused: 2 });
    expect(await loginStatus(test, user)).toBe('mfa_required');
    await test.app.close();
    await drop();
  });
});

describe('the key of the recovery codes, when it is gone', () => {
  const withoutKey = async (): Promise<{ test: TestApp; user: Enrolled; drop: () => Promise<void> }> => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const user = await enroll(before);
    await rowsOf(before.dataSource, "DELETE FROM mfa_key WHERE id = 'recovery-codes'");
    await before.app.close();
    const test = await startTestApp({ orm, mfa });
    test.clock.advance(600);
    return { test, user, drop };
  };
  const keysOf = async (test: TestApp) =>
    (await rowsOf(test.dataSource, "SELECT id FROM mfa_key WHERE id = 'recovery-codes'")).length;

  it('is not made anew in silence; the other factors go on working', async () => {
    const { test, user, drop } = await withoutKey();
    expect(test.logger.lines.join('\n')).toContain('The key of the recovery codes is missing or unreadable');
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(400);
    const half = await halfSignIn(test, user);
    expect(await codeStatus(half, codeOf(user.secret, test.clock))).toBe(200);
    // New codes would leave everybody else's wrong for ever, without a word.
    const { status, body } = await half.post('/mfa/recovery-codes');
    expect([status, body.code]).toEqual([409, 'cannot_generate_recovery_codes']);
    expect(await keysOf(test)).toBe(0);
    const [{ failures }] = await rowsOf(
      test.dataSource,
      "SELECT failures FROM mfa_authenticator WHERE user_id = ? AND type = 'recovery_codes'",
      [user.id],
    );
    expect(failures).toBe(0);
    await test.app.close();
    await drop();
  });

  it('keeps nobody from setting up a factor, without codes for now', async () => {
    const { test, drop } = await withoutKey();
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const { status, body } = await client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
    });
    expect([status, body.recoveryCodes]).toEqual([201, undefined]);
    const admin = test.app.get(MfaAdminService);
    expect(await admin.discardUnreadable()).toEqual({ ...NOTHING, users: 1, recoveryCodeSets: 1 });
    const { status: made, body: codes } = await client.post('/mfa/recovery-codes');
    expect(made).toBe(201);
    expect(await codeStatus(await halfSignIn(test, { id }), codes.codes[0])).toBe(200);
    await test.app.close();
    await drop();
  });

  it('works again as soon as its row is back', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const user = await enroll(before);
    const [row] = await rowsOf(before.dataSource, "SELECT * FROM mfa_key WHERE id = 'recovery-codes'");
    await rowsOf(before.dataSource, "DELETE FROM mfa_key WHERE id = 'recovery-codes'");
    await before.app.close();
    const test = await startTestApp({ orm, mfa });
    test.clock.advance(600);
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(400);
    await rowsOf(test.dataSource, 'INSERT INTO mfa_key (id, data) VALUES (?, ?)', [row.id, row.data]);
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(200);
    await test.app.close();
    await drop();
  });

  it('is lost too when its envelope is damaged', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const user = await enroll(before);
    await rowsOf(before.dataSource, "UPDATE mfa_key SET data = 'junk' WHERE id = 'recovery-codes'");
    await before.app.close();
    const test = await startTestApp({ orm, mfa });
    test.clock.advance(600);
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(400);
    expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(200);
    await test.app.close();
    await drop();
  });
});

describe('the command line', () => {
  let secret = LOST;
  const { path, run, remove } = testCli((database) => ({
    module: class AppModule {},
    imports: [
      TypeOrmModule.forRoot({ type: 'better-sqlite3', database, autoLoadEntities: true, synchronize: true }),
      MfaModule.forRoot({ secret, controllers: false }),
    ],
  }));
  afterAll(remove);

  it('discards after a dry run, exports and forgets', async () => {
    const orm = { type: 'better-sqlite3', database: path('app.sqlite') } as const;
    const before = await startTestApp({ orm, mfa: { secret: LOST } });
    const user = await enroll(before);
    await before.close();

    const exported = JSON.parse(await run('export-user', user.id));
    expect(exported).toMatchObject({ userId: user.id, status: { enabled: true } });
    secret = NEW;
    await expect(run('status', user.id)).rejects.toThrow(/discard-unreadable/);
    const counts =
      'users: 1\nauthenticatorApps: 1\nsecurityKeys: 0\nrecoveryCodeSets: 1\notherAuthenticators: 0\nfactorRows: 0\nsetups: 0';
    await expect(run('discard-unreadable', '--dry-run')).resolves.toBe(
      `${counts}\nresealed: 0\nrefused: 0\nNothing was written`,
    );
    await expect(run('status', user.id)).rejects.toThrow(/discard-unreadable/);
    await expect(run('discard-unreadable')).resolves.toBe(
      `${counts}\nresealed: 0\nrefused: 0\nThese were removed`,
    );
    expect(JSON.parse(await run('status', user.id))).toMatchObject({ enabled: false });
    await expect(run('forget-user', user.id)).resolves.toBe(`All data of ${user.id} was removed`);
    await expect(run('forget-user', user.id)).resolves.toBe(`There was no data of ${user.id}`);
  });
});
