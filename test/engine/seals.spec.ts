import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent } from 'nestjs-mfa';
import { MfaAdminService, MfaEvents, MfaImportService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { ENGINE, rowsOf, sharedDatabase } from '../support/databases.js';
import { sealUnder } from '../support/inside.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  SECRET,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const OLD = 'the old secret of the tests, of 32 bytes or more';
const NEW = 'the new secret of the tests, of 32 bytes or more';

const mfa = { webauthn: RELYING_PARTY, passkeyLogin: true };

/** Writes to the database as somebody would who has it, and not the secret. */
const write = (test: TestApp, sql: string, parameters: unknown[] = []) =>
  rowsOf(test.dataSource, sql, parameters);

async function rowOf(test: TestApp, table: string, id: string): Promise<Record<string, unknown>> {
  const key = table === 'mfa_webauthn_credential' ? 'authenticator_id' : 'id';
  const [row] = await rowsOf(test.dataSource, `SELECT * FROM ${table} WHERE ${key} = ?`, [id]);
  return row as Record<string, unknown>;
}

async function insert(test: TestApp, table: string, row: Record<string, unknown>): Promise<void> {
  const marks = Object.keys(row).map(() => '?');
  await write(
    test,
    `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${marks.join(', ')})`,
    Object.values(row).map((value) => (ENGINE === 'sqlite' && typeof value === 'boolean' ? +value : value)),
  );
}

async function enrollKey(test: TestApp, id = newUserId()) {
  const client = test.client();
  const key = new SoftwareAuthenticator();
  await client.post('/login', { id });
  const { body: options } = await client.post('/mfa/webauthn/options', { passwordless: true });
  const { body, status } = await client.post('/mfa/webauthn', { credential: key.create(options) });
  expect(status).toBe(201);
  return { id, client, key, authenticatorId: body.authenticator.id as string };
}

const codeStatus = async (client: Client, code: string | undefined) =>
  (await client.post('/mfa/authenticate', { code })).status;

async function keyStatus(client: Client, key: SoftwareAuthenticator): Promise<number> {
  const { body: options } = await client.post('/mfa/authenticate/webauthn/options');
  return (await client.post('/mfa/authenticate/webauthn', { credential: key.get(options) })).status;
}

async function passkeySignIn(test: TestApp, key: SoftwareAuthenticator) {
  const client = test.client();
  const { body: options } = await client.post('/mfa/passkey/options');
  return client.post('/mfa/passkey', { credential: key.get(options) });
}

/** What was told while this ran. */
async function toldBy(test: TestApp, work: () => Promise<unknown>): Promise<MfaEvent[]> {
  const told: MfaEvent[] = [];
  const stop = test.app.get(MfaEvents).on('*', (event) => told.push(event));
  await work();
  await test.settled();
  stop();
  return told;
}

describe('an authenticator app in the hands of whoever writes to the database', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa });
  });
  afterAll(() => test.close());

  it('takes no used code again when its time step is turned back, and says so', async () => {
    for (const step of [null, 1]) {
      const user = await enroll(test);
      const code = codeOf(user.secret, test.clock);
      expect(await codeStatus(await halfSignIn(test, user), code)).toBe(200);
      await write(test, 'UPDATE mfa_authenticator SET last_step = ? WHERE id = ?', [
        step,
        user.authenticatorId,
      ]);
      const half = await halfSignIn(test, user);
      const told = await toldBy(test, async () => expect(await codeStatus(half, code)).toBe(400));
      expect(told.map(({ type, data }) => ({ type, data }))).toContainEqual({
        type: 'mfa.authenticator.tampered',
        data: { authenticatorId: user.authenticatorId },
      });
      expect(test.logger.lines.join('\n')).toContain(`The seal of authenticator ${user.authenticatorId}`);
      // The user's other factors go on working.
      expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[0])).toBe(200);
    }
  });

  it('goes on after each use, with the seal of that use', async () => {
    const user = await enroll(test);
    const seals = new Set<unknown>();
    for (let use = 0; use < 3; use++) {
      expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(200);
      seals.add((await rowOf(test, 'mfa_authenticator', user.authenticatorId))['seal']);
      test.clock.advance(60);
    }
    expect(seals.size).toBe(3);
  });

  it('can neither be copied to another user, nor moved, nor made without a seal', async () => {
    const thief = await enroll(test);
    const victim = await enroll(test);
    const own = await rowOf(test, 'mfa_authenticator', thief.authenticatorId);
    const code = () => codeOf(thief.secret, test.clock);
    await insert(test, 'mfa_authenticator', { ...own, id: 'a-copy', user_id: victim.id });
    await insert(test, 'mfa_authenticator', { ...own, id: 'another', user_id: victim.id, seal: null });
    expect(await codeStatus(await halfSignIn(test, victim), code())).toBe(400);
    await write(test, 'UPDATE mfa_authenticator SET user_id = ? WHERE id = ?', [
      victim.id,
      thief.authenticatorId,
    ]);
    expect(await codeStatus(await halfSignIn(test, victim), code())).toBe(400);
    expect(await codeStatus(await halfSignIn(test, victim), codeOf(victim.secret, test.clock))).toBe(200);
  });

  it('has one seal for what it verifies with, also where the adapter encrypts nothing', async () => {
    class PlainAdapter extends TestAdapter {
      override encrypt(text: string): string {
        return text;
      }

      override decrypt(text: string): string {
        return text;
      }
    }
    const plain = await startTestApp({ mfa, adapter: PlainAdapter });
    const [thief, victim] = [await enroll(plain), await enroll(plain)];
    const { data } = await rowOf(plain, 'mfa_authenticator', thief.authenticatorId);
    await write(plain, 'UPDATE mfa_authenticator SET data = ? WHERE id = ?', [data, victim.authenticatorId]);
    expect(await codeStatus(await halfSignIn(plain, victim), codeOf(thief.secret, plain.clock))).toBe(400);
    await plain.close();
  });

  it('is sealed when it is imported', async () => {
    const id = newUserId();
    users.set(id, { id });
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const report = await test.app
      .get(MfaImportService)
      .importRecords([{ userId: id, totp: { secret, lastUsedAt: new Date(test.clock.now() - 90_000) } }]);
    expect(report.imported).toBe(1);
    const code = codeOf(secret, test.clock);
    const half = await halfSignIn(test, { id });
    await write(test, 'UPDATE mfa_authenticator SET last_step = 1 WHERE user_id = ?', [id]);
    expect(await codeStatus(half, code)).toBe(400);
  });

  it('opens after right codes in a row with the seal of the last one', async () => {
    const locking = await startTestApp({
      mfa: { rateLimit: { attempts: 50, lockAfter: 1, unlock: { byCodes: 2, codesApartSeconds: 1 } } },
    });
    const user = await enroll(locking);
    expect(await codeStatus(await halfSignIn(locking, user), '000000')).toBe(400);
    const codes: number[] = [];
    for (let use = 0; use < 3; use++) {
      codes.push(await codeStatus(await halfSignIn(locking, user), codeOf(user.secret, locking.clock)));
      locking.clock.advance(60);
    }
    expect(codes).toEqual([403, 200, 200]);
    await write(locking, 'UPDATE mfa_authenticator SET last_step = 1 WHERE id = ?', [user.authenticatorId]);
    expect(await codeStatus(await halfSignIn(locking, user), codeOf(user.secret, locking.clock))).toBe(400);
    await locking.close();
  });
});

describe('a recovery code in the hands of whoever writes to the database', () => {
  it('does not become good again', async () => {
    const test = await startTestApp();
    const user = await enroll(test);
    const [code] = user.recoveryCodes;
    expect(await codeStatus(await halfSignIn(test, user), code)).toBe(200);
    await write(test, 'UPDATE mfa_recovery_code SET used_at = NULL WHERE user_id = ?', [user.id]);
    await write(test, 'UPDATE mfa_authenticator SET remaining = 10 WHERE user_id = ? AND remaining = 9', [
      user.id,
    ]);
    expect(await codeStatus(await halfSignIn(test, user), code)).toBe(400);
    expect(await codeStatus(await halfSignIn(test, user), user.recoveryCodes[1])).toBe(200);
    await test.close();
  });
});

describe('a security key in the hands of whoever writes to the database', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa });
  });
  afterAll(() => test.close());

  it('is given to nobody else, neither as second factor nor as passkey', async () => {
    const thief = await enrollKey(test);
    const victim = await enrollKey(test);
    expect((await passkeySignIn(test, thief.key)).status).toBe(200);
    const { user_handle } = await rowOf(test, 'mfa_webauthn_credential', victim.authenticatorId);
    const move = (table: string, key: string) =>
      write(test, `UPDATE ${table} SET user_id = ? WHERE ${key} = ?`, [victim.id, thief.authenticatorId]);
    await move('mfa_authenticator', 'id');
    await move('mfa_webauthn_credential', 'authenticator_id');
    const told = await toldBy(test, async () => {
      const answer = await passkeySignIn(test, thief.key);
      expect([answer.status, answer.body.code]).toEqual([400, 'webauthn_failed']);
      expect(answer.body.unknownCredential).toBeUndefined();
    });
    expect(told.map(({ type, userId, data }) => ({ type, userId, data }))).toEqual([
      {
        type: 'mfa.authenticator.tampered',
        userId: victim.id,
        data: { authenticatorId: thief.authenticatorId },
      },
      {
        type: 'mfa.authenticator.failed',
        userId: victim.id,
        data: { types: ['webauthn'], afterFirstFactor: false },
      },
    ]);
    await write(test, 'UPDATE mfa_webauthn_credential SET user_handle = ? WHERE authenticator_id = ?', [
      user_handle,
      thief.authenticatorId,
    ]);
    thief.key.userHandle = String(user_handle);
    expect((await passkeySignIn(test, thief.key)).status).toBe(400);
    expect(await keyStatus(await halfSignIn(test, victim), thief.key)).toBe(400);
    expect(await keyStatus(await halfSignIn(test, victim), victim.key)).toBe(200);
    expect((await passkeySignIn(test, victim.key)).status).toBe(200);
  });

  it.each(['public_key', 'credential_id', 'rp_id', 'user_handle', 'aaguid', 'format'])(
    'is refused with another %s',
    async (column) => {
      const thief = await enrollKey(test);
      const victim = await enrollKey(test);
      const own = await rowOf(test, 'mfa_webauthn_credential', thief.authenticatorId);
      await write(test, `UPDATE mfa_webauthn_credential SET ${column} = ? WHERE authenticator_id = ?`, [
        ['rp_id', 'aaguid', 'format'].includes(column) ? 'other' : own[column],
        victim.authenticatorId,
      ]);
      const half = await halfSignIn(test, victim);
      const told = await toldBy(test, async () => expect(await keyStatus(half, victim.key)).toBe(400));
      expect(told.map(({ type }) => type)).toContain('mfa.authenticator.tampered');
    },
  );

  it.each(['passwordless', 'backup_eligible', 'discoverable', 'attested'])(
    'is refused with the opposite of %s',
    async (column) => {
      const victim = await enrollKey(test);
      const before = await rowOf(test, 'mfa_webauthn_credential', victim.authenticatorId);
      const is = Boolean(before[column]);
      await write(
        test,
        `UPDATE mfa_webauthn_credential SET ${column} = ${ENGINE === 'sqlite' ? +!is : !is} WHERE authenticator_id = ?`,
        [victim.authenticatorId],
      );
      expect(await keyStatus(await halfSignIn(test, victim), victim.key)).toBe(400);
    },
  );

  it('is none when it was made by hand, or copied', async () => {
    const thief = await enrollKey(test);
    const victim = await enroll(test);
    const authenticator = await rowOf(test, 'mfa_authenticator', thief.authenticatorId);
    const credential = await rowOf(test, 'mfa_webauthn_credential', thief.authenticatorId);
    await write(test, 'DELETE FROM mfa_webauthn_credential WHERE authenticator_id = ?', [
      thief.authenticatorId,
    ]);
    for (const [id, seal] of [
      ['by-hand', null],
      ['copied', credential['seal']],
    ]) {
      await insert(test, 'mfa_authenticator', { ...authenticator, id, user_id: victim.id });
      await insert(test, 'mfa_webauthn_credential', {
        ...credential,
        authenticator_id: id,
        user_id: victim.id,
        seal,
      });
      expect(await keyStatus(await halfSignIn(test, victim), thief.key)).toBe(400);
      expect((await passkeySignIn(test, thief.key)).status).toBe(400);
      await write(test, 'DELETE FROM mfa_webauthn_credential WHERE authenticator_id = ?', [id]);
    }
  });
});

describe('trust in a browser in the hands of whoever writes to the database', () => {
  it('is none when it was made by hand, moved, or prolonged', async () => {
    const test = await startTestApp({ mfa: { trustedDevices: { enabled: true } } });
    const trust = async (user: Enrolled) => {
      const browser = await halfSignIn(test, user);
      const code = codeOf(user.secret, test.clock);
      expect((await browser.post('/mfa/authenticate', { code, trustDevice: true })).status).toBe(200);
      return browser;
    };
    const status = async (browser: Client, { id }: Pick<Enrolled, 'id'>) =>
      (await browser.post('/login', { id })).body.status;
    const [thief, victim] = [await enroll(test), await enroll(test)];
    const browser = await trust(thief);
    expect(await status(browser, thief)).toBe('authenticated');
    await write(test, 'UPDATE mfa_trusted_device SET user_id = ? WHERE user_id = ?', [victim.id, thief.id]);
    expect(await status(browser, victim)).toBe('mfa_required');
    await write(test, 'UPDATE mfa_trusted_device SET user_id = ? WHERE user_id = ?', [thief.id, victim.id]);
    expect(await status(browser, thief)).toBe('authenticated');
    await write(test, 'UPDATE mfa_trusted_device SET expires_at = expires_at + 1');
    expect(await status(browser, thief)).toBe('mfa_required');
    await write(test, 'UPDATE mfa_trusted_device SET expires_at = expires_at - 1, seal = NULL');
    expect(await status(browser, thief)).toBe('mfa_required');
    await test.close();
  });
});

/** As the tables were before there were seals. */
async function removeSeals(test: TestApp): Promise<void> {
  await write(test, 'UPDATE mfa_authenticator SET seal = NULL');
  await write(test, 'UPDATE mfa_webauthn_credential SET seal = NULL');
  await write(test, "DELETE FROM mfa_key WHERE id LIKE 'seals:%'");
}

describe('factors from before there were seals', () => {
  const signsIn = async (test: TestApp, user: Enrolled) =>
    codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock));

  it('are sealed at the first boot, by several instances at once, and never again', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const apps = [await enroll(before), await enroll(before)] as const;
    const key = await enrollKey(before);
    await removeSeals(before);
    expect(await signsIn(before, apps[0])).toBe(400);
    await before.app.close();

    const two = await Promise.all([startTestApp({ orm, mfa }), startTestApp({ orm, mfa })]);
    for (const test of two) test.clock.advance(600);
    expect(await signsIn(two[0], apps[0])).toBe(200);
    expect(await signsIn(two[1], apps[1])).toBe(200);
    expect(await keyStatus(await halfSignIn(two[1], key), key.key)).toBe(200);
    await write(two[0], 'UPDATE mfa_authenticator SET seal = NULL WHERE id = ?', [apps[0].authenticatorId]);
    await write(two[0], 'UPDATE mfa_webauthn_credential SET seal = NULL');
    await Promise.all(two.map(({ app }) => app.close()));

    const after = await startTestApp({ orm, mfa });
    after.clock.advance(1200);
    expect(await signsIn(after, apps[0])).toBe(400);
    expect(await signsIn(after, apps[1])).toBe(200);
    expect(await keyStatus(await halfSignIn(after, key), key.key)).toBe(400);
    await after.app.close();
    await drop();
  });

  it('are not sealed when the note that they were is removed by hand', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const apps = [await enroll(before), await enroll(before)] as const;
    await write(before, 'UPDATE mfa_authenticator SET seal = NULL WHERE id = ?', [apps[0].authenticatorId]);
    await write(before, "DELETE FROM mfa_key WHERE id LIKE 'seals:%'");
    await write(before, "INSERT INTO mfa_key (id, data) VALUES ('seals:begun', '9999999999999 forged')");
    await before.app.close();
    const after = await startTestApp({ orm, mfa });
    after.clock.advance(600);
    expect(await signsIn(after, apps[0])).toBe(400);
    expect(await signsIn(after, apps[1])).toBe(200);
    expect(after.logger.lines.join('\n')).toContain('someone has written to the database by hand');
    await after.app.close();
    await drop();
  });

  it('are sealed by the next boot when the first one dies in between', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const apps = [await enroll(before), await enroll(before)] as const;
    const { seal } = await rowOf(before, 'mfa_authenticator', apps[0].authenticatorId);
    await removeSeals(before);
    await before.app.close();
    const first = await startTestApp({ orm, mfa });
    // Back to the middle of it: one row is sealed, and the note of the beginning is there.
    await removeSeals(first);
    await write(first, 'UPDATE mfa_authenticator SET seal = ? WHERE id = ?', [seal, apps[0].authenticatorId]);
    const until = first.clock.now() + 1000;
    await write(first, 'INSERT INTO mfa_key (id, data) VALUES (?, ?)', [
      'seals:begun',
      `${until} ${sealUnder(SECRET, 'seals:begun', [until])}`,
    ]);
    await first.app.close();
    const second = await startTestApp({ orm, mfa });
    second.clock.advance(600);
    expect(await signsIn(second, apps[0])).toBe(200);
    expect(await signsIn(second, apps[1])).toBe(200);
    expect(await rowsOf(second.dataSource, "SELECT id FROM mfa_key WHERE id LIKE 'seals:%'")).toEqual([
      { id: expect.stringMatching(/^seals:done:[\w-]{8}$/) },
    ]);
    await second.app.close();
    await drop();
  });

  it('stay without where the application says so', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa });
    const user = await enroll(before);
    await removeSeals(before);
    await before.app.close();
    const strict = await startTestApp({ orm, mfa: { ...mfa, storage: { sealFormerRows: false } } });
    strict.clock.advance(600);
    expect(await signsIn(strict, user)).toBe(400);
    expect(strict.logger.lines.join('\n')).toContain('`storage.sealFormerRows` is off');
    await strict.app.close();
    const lax = await startTestApp({ orm, mfa });
    lax.clock.advance(1200);
    expect(await signsIn(lax, user)).toBe(200);
    await lax.app.close();
    await drop();
  });
});

describe('seals and another secret', () => {
  it('are renewed by rotation, those of keys, sessions and trusted browsers too', async () => {
    const trusting = { ...mfa, trustedDevices: { enabled: true } };
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { ...trusting, secret: OLD } });
    const user = await enroll(before);
    const key = await enrollKey(before);
    const browser = await halfSignIn(before, user);
    const code = codeOf(user.secret, before.clock);
    expect((await browser.post('/mfa/authenticate', { code, trustDevice: true })).status).toBe(200);
    await before.app.close();

    await expect(startTestApp({ orm, mfa: { ...mfa, secret: NEW } })).rejects.toThrow(/2 sealed/);
    const during = await startTestApp({ orm, mfa: { ...trusting, secret: [NEW, OLD] } });
    const admin = during.app.get(MfaAdminService);
    await expect(admin.rotateSecret()).resolves.toEqual({ rotated: 2, unreadable: 0 });
    await expect(admin.rotateSecret()).resolves.toEqual({ rotated: 0, unreadable: 0 });
    await during.app.close();

    const after = await startTestApp({ orm, mfa: { ...trusting, secret: NEW } });
    after.clock.advance(600);
    expect(await codeStatus(await halfSignIn(after, user), codeOf(user.secret, after.clock))).toBe(200);
    expect((await passkeySignIn(after, key.key)).status).toBe(200);
    const again = after.client();
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    expect((await again.get('/me')).status).toBe(200);
    expect((await again.post('/login', { id: user.id })).body.status).toBe('authenticated');
    await after.app.close();
    await drop();
  });

  it('make no good row of one that was changed by hand', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { ...mfa, secret: OLD } });
    const [thief, victim] = [await enrollKey(before), await enrollKey(before)];
    const user = await enroll(before);
    await before.app.close();
    const test = await startTestApp({ orm, mfa: { ...mfa, secret: [NEW, OLD] } });
    test.clock.advance(600);
    const { public_key } = await rowOf(test, 'mfa_webauthn_credential', thief.authenticatorId);
    await write(test, 'UPDATE mfa_webauthn_credential SET public_key = ? WHERE authenticator_id = ?', [
      public_key,
      victim.authenticatorId,
    ]);
    await write(test, 'UPDATE mfa_authenticator SET last_step = 1 WHERE id = ?', [user.authenticatorId]);
    await expect(test.app.get(MfaAdminService).rotateSecret()).resolves.toEqual({
      rotated: 1,
      unreadable: 2,
    });
    expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(400);
    await test.app.close();
    await expect(startTestApp({ orm, mfa: { ...mfa, secret: NEW } })).rejects.toThrow(/sealed/);
    await drop();
  });

  it('let a right code pass whose row is encrypted anew in the same moment', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const user = await enroll(before);
    await before.app.close();
    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    test.clock.advance(600);
    const decrypt = test.adapter.decrypt.bind(test.adapter);
    test.adapter.decrypt = async (text, context) => {
      const opened = await decrypt(text, context);
      test.adapter.decrypt = decrypt;
      await test.app.get(MfaAdminService).rotateSecret();
      return opened;
    };
    expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(200);
    const { failures } = await rowOf(test, 'mfa_authenticator', user.authenticatorId);
    expect(failures).toBe(0);
    await test.app.close();
    await drop();
  });

  it('do not keep an old secret in the list because a row was used while it was sealed anew', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await startTestApp({ orm, mfa: { secret: OLD } });
    const user = await enroll(before);
    await before.app.close();
    const test = await startTestApp({ orm, mfa: { secret: [NEW, OLD] } });
    test.clock.advance(600);
    const encrypt = test.adapter.encrypt.bind(test.adapter);
    test.adapter.encrypt = async (text, context) => {
      test.adapter.encrypt = encrypt;
      expect(await codeStatus(await halfSignIn(test, user), codeOf(user.secret, test.clock))).toBe(200);
      return encrypt(text, context);
    };
    await expect(test.app.get(MfaAdminService).rotateSecret()).resolves.toEqual({
      rotated: 1,
      unreadable: 0,
    });
    await test.app.close();
    const after = await startTestApp({ orm, mfa: { secret: NEW } });
    await after.app.close();
    await drop();
  });
});
