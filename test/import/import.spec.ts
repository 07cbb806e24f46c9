import { createHmac } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaEvent, TotpAlgorithm } from 'nestjs-mfa';
import type { MfaImportRecord, MfaImportRow } from 'nestjs-mfa/import';
import { MfaAdminService, MfaEvents, MfaImportError, MfaImportService } from 'nestjs-mfa';
import {
  csvRows,
  jsonLineRows,
  readBetterAuth,
  readByHand,
  readCsv,
  readDjangoAllauth,
  readJsonLines,
  readLaravelFortify,
} from 'nestjs-mfa/import';

import { rowsOf } from '../support/databases.js';
import { registration } from '../support/races/steps.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';

const fixture = (name: string) => `test/fixtures/import/${name}`;
/** 10 bytes, as Google Authenticator made them. */
const SHORT = 'JBSWY3DPEHPK3PXP';
const SHORT_BYTES = Buffer.from('Hello!\xde\xad\xbe\xef', 'latin1');

interface Parameters {
  algorithm?: TotpAlgorithm;
  digits?: number;
  period?: number;
}

/** What an authenticator app shows (RFC 6238), made from the bytes of the secret and by nothing of this library. */
function appCode(
  key: Uint8Array,
  { algorithm = 'sha1', digits = 6, period = 30 }: Parameters,
  now: number,
): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / period)));
  const mac = createHmac(algorithm, key).update(step).digest();
  const number = mac.readUInt32BE((mac.at(-1) as number) & 15) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** A user of the application who has nothing here. */
function newUser(id = newUserId()): string {
  users.set(id, { id, email: `${id}@example.com` });
  return id;
}

const totpRecord = (userId: string): MfaImportRecord => ({ userId, totp: { secret: SHORT } });

describe('an import', () => {
  let test: TestApp;
  let imports: MfaImportService;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({ mfa: { rateLimit: { attempts: 50 }, audit: { enabled: true } } });
    imports = test.app.get(MfaImportService);
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  const signIn = async (id: string, code: string) => {
    const client = await halfSignIn(test, { id });
    return (await client.post('/mfa/authenticate', { code })).status;
  };
  const kept = async () =>
    JSON.stringify(
      await Promise.all(
        ['mfa_authenticator', 'mfa_recovery_code', 'mfa_user_state', 'mfa_audit_entry'].map((table) =>
          rowsOf(test.dataSource, `SELECT * FROM ${table}`).then((rows) =>
            rows.map((row) => JSON.stringify(row)).sort(),
          ),
        ),
      ),
    );

  const matrix = (['sha1', 'sha256', 'sha512'] as const).flatMap((algorithm) =>
    [6, 8].flatMap((digits) => [30, 60].map((period) => ({ algorithm, digits, period }))),
  );

  it.each(matrix)(
    'leaves the app working: $algorithm, $digits digits, $period seconds',
    async (parameters) => {
      const [short, long] = [newUser(), newUser()];
      const report = await imports.importRecords([
        { userId: short, totp: { secret: 'jbsw y3dp-ehpk 3pxp====', ...parameters } },
        { userId: long, totp: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', ...parameters } },
      ]);
      expect(report).toEqual({ read: 2, imported: 2, skipped: [], rejected: [] });
      const now = test.clock.now();
      expect(await signIn(short, appCode(SHORT_BYTES, parameters, now))).toBe(200);
      expect(await signIn(long, appCode(Buffer.from('12345678901234567890'), parameters, now))).toBe(200);
      // A code counts once, as everywhere.
      expect(await signIn(short, appCode(SHORT_BYTES, parameters, now))).toBe(400);
    },
  );

  it.each([
    { digits: 7, period: 120 },
    { digits: 8, period: 1 },
  ])(
    'leaves the app working at the limits: 64 bytes, $digits digits, $period seconds',
    async (parameters) => {
      const id = newUser();
      const key = Buffer.from(Array.from({ length: 64 }, (_, index) => 255 - index));
      const row = JSON.stringify({ userId: id, secret: key.toString('hex'), encoding: 'hex', ...parameters });
      expect(await imports.importRecords(readJsonLines(row))).toMatchObject({ imported: 1 });
      expect(await signIn(id, appCode(key, parameters, test.clock.now()))).toBe(200);
    },
  );

  it('leaves recovery codes good as they are printed, each once, and used ones dead', async () => {
    const id = newUser();
    const usedAt = new Date(test.clock.now() - 1000);
    const recoveryCodes = [
      { code: 'aBcDe12345-fGhIj67890' },
      { code: 'KLMN-OPQR-2345' },
      { code: 'stuv6789' },
      { code: '12345678', usedAt },
    ];
    await imports.importRecords([{ ...totpRecord(id), recoveryCodes }]);
    expect(await signIn(id, 'aBcDe12345-fGhIj67890')).toBe(200);
    expect(await signIn(id, 'aBcDe12345-fGhIj67890')).toBe(400);
    expect(await signIn(id, 'klmn-opqr-2345')).toBe(200);
    expect(await signIn(id, '12345678')).toBe(400);
    const client = await halfSignIn(test, { id });
    await client.post('/mfa/authenticate', { code: 'STUV6789' });
    expect((await client.get('/mfa/recovery-codes')).body).toMatchObject({ total: 4, remaining: 0 });
    const [set] = (await client.get('/mfa/authenticators?type=recovery_codes')).body;
    expect(set.remaining).toBe(0);
    const rows = await kept();
    for (const text of [SHORT, 'KLMN', 'aBcDe12345', 'ABCDE12345']) expect(rows).not.toContain(text);
  });

  it('keeps the name, the dates, and refuses the code that was used last elsewhere', async () => {
    const id = newUser();
    const lastUsedAt = new Date(test.clock.now());
    const createdAt = new Date('2020-01-01T00:00:00Z');
    await imports.importRecords([
      { userId: id, totp: { secret: SHORT, name: 'Old phone', createdAt, lastUsedAt } },
    ]);
    const code = appCode(SHORT_BYTES, {}, test.clock.now());
    expect(await signIn(id, code)).toBe(400);
    test.clock.advance(30);
    const client = await halfSignIn(test, { id });
    await client.post('/mfa/authenticate', { code: appCode(SHORT_BYTES, {}, test.clock.now()) });
    expect((await client.get('/mfa/authenticators')).body).toEqual([
      expect.objectContaining({ name: 'Old phone', createdAt: createdAt.toISOString() }),
    ]);
  });

  it('tells the trail, and sends no mail', async () => {
    const id = newUser();
    const client = test.client();
    await client.post('/login', { id });
    expect((await client.get('/me')).status).toBe(200);
    test.adapter.notifications.length = 0;
    await imports.importRecords([{ ...totpRecord(id), recoveryCodes: [{ code: '12345678' }] }]);
    await new Promise((resolve) => setImmediate(resolve));
    const actor = { type: 'application', id: null };
    expect(events.filter(({ userId }) => userId === id).slice(-3)).toEqual([
      expect.objectContaining({
        type: 'mfa.authenticator.added',
        actor,
        data: expect.objectContaining({ isFirst: true }),
      }),
      expect.objectContaining({
        type: 'mfa.authenticator.added',
        actor,
        data: expect.objectContaining({ isFirst: false }),
      }),
      expect.objectContaining({ type: 'mfa.session.ended', actor }),
    ]);
    expect(
      await rowsOf(test.dataSource, 'SELECT type FROM mfa_audit_entry WHERE user_id = ?', [id]),
    ).toContainEqual({
      type: 'mfa.authenticator.added',
    });
    expect(test.adapter.notifications).toEqual([]);
    // The session was by a password alone.
    expect((await client.get('/me')).status).toBe(401);
  });

  it('writes nothing twice', async () => {
    const [id, other] = [newUser(), newUser()];
    const records = [
      { ...totpRecord(id), recoveryCodes: [{ code: '12345678' }] },
      totpRecord(other),
      { ...totpRecord(other), line: 17 },
    ];
    const skipped = [{ line: 17, userId: other, reason: 'has_authenticator_app' }];
    expect(await imports.importRecords(records)).toEqual({ read: 3, imported: 2, skipped, rejected: [] });
    const before = await kept();
    const again = await imports.importRecords(records);
    expect(again).toMatchObject({ read: 3, imported: 0, rejected: [] });
    expect(again.skipped.map(({ line }) => line)).toEqual([1, 2, 17]);
    expect(await kept()).toBe(before);
  });

  it('writes once when two run at the same time', async () => {
    const ids = Array.from({ length: 10 }, () => newUser());
    const records = ids.map((id) => ({ ...totpRecord(id), recoveryCodes: [{ code: '12345678' }] }));
    const reports = await Promise.all([imports.importRecords(records), imports.importRecords(records)]);
    expect(reports[0].imported + reports[1].imported).toBe(10);
    expect(reports[0].skipped.length + reports[1].skipped.length).toBe(10);
    for (const id of ids) {
      const rows = await rowsOf(test.dataSource, 'SELECT type FROM mfa_authenticator WHERE user_id = ?', [
        id,
      ]);
      expect(rows.map(({ type }) => type).sort()).toEqual(['recovery_codes', 'totp']);
    }
  });

  it('adds only what the user lacks', async () => {
    const { id } = await enroll(test);
    const mine = newUser();
    await imports.importRecords([totpRecord(mine)]);
    const report = await imports.importRecords([
      totpRecord(id),
      { userId: id, recoveryCodes: [{ code: '12345678' }] },
      { userId: mine, recoveryCodes: [{ code: '12345678' }] },
    ]);
    expect(report).toMatchObject({
      imported: 1,
      skipped: [
        { line: 1, userId: id, reason: 'has_authenticator_app' },
        { line: 2, userId: id, reason: 'has_recovery_codes' },
      ],
    });
    expect(await signIn(mine, '12345678')).toBe(200);
  });

  it('rejects rows one by one, naming no secret, and says the same in a dry run, which writes nothing', async () => {
    const [good, alone] = [newUser(), newUser()];
    const rows: MfaImportRow[] = [
      totpRecord(good),
      totpRecord(good),
      { userId: alone, recoveryCodes: [{ code: '12345678' }] },
      totpRecord('nobody at all'),
      { userId: alone, totp: { secret: 'JBSWY3DPEHPK3' } },
      { line: 99, rejected: 'unreadable_row' },
    ];
    const expected = {
      read: 6,
      imported: 1,
      skipped: [{ line: 2, userId: good, reason: 'has_authenticator_app' }],
      rejected: [
        { line: 3, userId: alone, reason: 'codes_alone' },
        { line: 4, userId: 'nobody at all', reason: 'unknown_user' },
        { line: 5, userId: alone, reason: 'short_secret' },
        { line: 99, reason: 'unreadable_row' },
      ],
    };
    const before = await kept();
    expect(await imports.importRecords(rows, { dryRun: true })).toEqual(expected);
    expect(await kept()).toBe(before);
    const progress: unknown[] = [];
    const report = await imports.importRecords(rows, { onProgress: (step) => void progress.push(step) });
    expect(report).toEqual(expected);
    expect(JSON.stringify(report)).not.toMatch(/JBSW|12345678/);
    expect(progress).toHaveLength(6);
    expect(progress.at(-1)).toEqual({ read: 6, imported: 1, skipped: 1, rejected: 4 });
  });

  it('says in a dry run what the import would, also where the file writes an id in another way', async () => {
    const id = newUser();
    const spelled = id.toUpperCase();
    users.set(spelled, { id, email: `${id}@example.com` });
    const records = [totpRecord(spelled), totpRecord(id), totpRecord(spelled)];
    const rehearsal = await imports.importRecords(records, { dryRun: true });
    expect(rehearsal).toMatchObject({ imported: 1, skipped: [{ line: 2 }, { line: 3 }] });
    expect(await imports.importRecords(records)).toEqual(rehearsal);
    expect(await signIn(id, appCode(SHORT_BYTES, {}, test.clock.now()))).toBe(200);
  });

  it('stops where the database fails, and goes on from there', async () => {
    const ids = [newUser(), newUser(), newUser()];
    const records = ids.map(totpRecord);
    async function* rows(): AsyncGenerator<MfaImportRow> {
      for (const [index, record] of records.entries()) {
        if (index === 1) await test.dataSource.query('ALTER TABLE mfa_recovery_code RENAME TO away');
        yield index === 1 ? { ...record, line: 12, recoveryCodes: [{ code: '12345678' }] } : record;
      }
    }
    const failure: unknown = await imports.importRecords(rows()).catch((error: unknown) => error);
    await test.dataSource.query('ALTER TABLE away RENAME TO mfa_recovery_code');
    expect(failure).toBeInstanceOf(MfaImportError);
    expect(failure).toMatchObject({ line: 12, report: { read: 2, imported: 1 } });
    expect((failure as Error).message).toContain('stopped at line 12');
    // Of the row that failed, nothing is there.
    expect(await imports.importRecords(records)).toMatchObject({ imported: 2, skipped: [{ line: 1 }] });
  });

  it('says where the file fails', async () => {
    const failure: unknown = await imports
      .importRecords(readCsv('userId,userId\na,b'))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ line: 1, report: { read: 0 }, cause: expect.any(Error) });
  });

  it('refuses types that are not offered', async () => {
    const other = await startTestApp({ mfa: { supportedTypes: ['totp'] } });
    const id = newUser();
    const report = await other.app
      .get(MfaImportService)
      .importRecords([{ ...totpRecord(id), recoveryCodes: [{ code: '12345678' }] }, totpRecord(id)]);
    expect(report).toMatchObject({ imported: 1, rejected: [{ line: 1, reason: 'type_not_offered' }] });
    await other.close();
  });

  it('gives no recovery codes to a user whose passkey only signs in', async () => {
    const other = await startTestApp({ mfa: { webauthn: RELYING_PARTY, passkeyLogin: true } });
    const id = newUser();
    const client = other.client();
    await client.post('/login', { id });
    const credential = await registration(client, { role: 'passwordless' });
    expect((await client.post('/mfa/webauthn', { credential })).status).toBe(201);
    const importing = other.app.get(MfaImportService);
    const records = [{ userId: id, recoveryCodes: [{ code: '12345678' }] }, totpRecord(id)];
    const expected = {
      imported: 1,
      rejected: [{ line: 1, userId: id, reason: 'codes_alone' }],
    };
    expect(await importing.importRecords(records, { dryRun: true })).toMatchObject(expected);
    expect(await importing.importRecords(records)).toMatchObject(expected);
    // Once there is a second factor, they can follow.
    expect(await importing.importRecords(records)).toMatchObject({ imported: 1, skipped: [{ line: 2 }] });
    await other.close();
  });

  describe('from', () => {
    it('django-allauth', async () => {
      newUser('1');
      newUser('2');
      const report = await imports.importRecords(
        readDjangoAllauth(createReadStream(fixture('django-allauth.json'))),
      );
      expect(report).toMatchObject({ imported: 2, rejected: [{ userId: '3', reason: 'unsupported_type' }] });
      const { codes } = JSON.parse(readFileSync(fixture('django-allauth-codes.json'), 'utf8'));
      expect(await signIn('1', codes[0])).toBe(400);
      expect(await signIn('1', codes[1])).toBe(200);
      expect(await signIn('2', 'abcd1234')).toBe(200);
      const code = appCode(Buffer.concat([SHORT_BYTES, SHORT_BYTES]), {}, test.clock.now());
      expect(await signIn('1', code)).toBe(200);
    });

    it('Laravel Fortify', async () => {
      newUser('7');
      const appKey = `base64:${Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')}`;
      const rows = csvRows(createReadStream(fixture('laravel-fortify.csv')));
      expect(await imports.importRecords(readLaravelFortify(rows, { appKey }))).toMatchObject({
        imported: 1,
      });
      expect(await signIn('7', 'kLmNo12345-pQrSt67890')).toBe(200);
      expect(await signIn('7', appCode(Buffer.from('TestSecret'), {}, test.clock.now()))).toBe(200);
    });

    it('better-auth', async () => {
      newUser('u-1');
      const rows = jsonLineRows(createReadStream(fixture('better-auth.jsonl')));
      const records = readBetterAuth(rows, { secret: 'better-auth-secret-for-the-fixtures!' });
      expect(await imports.importRecords(records)).toMatchObject({ imported: 1 });
      expect(await signIn('u-1', 'Ab1cD-2eFg3')).toBe(200);
      const key = Buffer.from('aBcDeFgHiJkLmNoPqRsTuVwXyZ012345');
      expect(await signIn('u-1', appCode(key, {}, test.clock.now()))).toBe(200);
    });

    it('speakeasy', async () => {
      newUser('plain-ascii');
      const rows = jsonLineRows(createReadStream(fixture('speakeasy.jsonl')));
      const columns = { userId: '_id', secret: 'tfa' };
      const report = await imports.importRecords(readByHand(rows, { columns, encoding: 'ascii' }));
      expect(report).toMatchObject({ imported: 1, rejected: [{ line: 1, reason: 'unknown_user' }] });
      const code = appCode(Buffer.from('Hello!Secret1234'), {}, test.clock.now());
      expect(await signIn('plain-ascii', code)).toBe(200);
    });

    it('plain files', async () => {
      for (const id of ['csv-1', 'csv-2', 'csv-5', 'json-1', 'json-2']) newUser(id);
      const csv = await imports.importRecords(readCsv(createReadStream(fixture('plain.csv'))));
      expect(csv).toMatchObject({ read: 5, imported: 3, rejected: [{ line: 4 }, { line: 5 }] });
      const json = await imports.importRecords(readJsonLines(createReadStream(fixture('plain.jsonl'))));
      expect(json).toMatchObject({ read: 5, imported: 2 });
      const key = Buffer.from('12345678901234567890');
      const now = test.clock.now();
      expect(await signIn('csv-1', 'wxyz-2345-6789')).toBe(200);
      expect(await signIn('csv-2', appCode(key, { algorithm: 'sha256', digits: 8, period: 60 }, now))).toBe(
        200,
      );
      expect(await signIn('json-2', appCode(key, { algorithm: 'sha512', digits: 8, period: 60 }, now))).toBe(
        200,
      );
    });
  });
});

describe('an import and the enrollment grace period', () => {
  it('let it neither begin nor begin again', async () => {
    const test = await startTestApp({ mfa: { enrollmentGracePeriodSeconds: 3600 } });
    const imports = test.app.get(MfaImportService);
    const opens = async (id: string) => {
      const client = test.client();
      await client.post('/login', { id });
      const { status, body } = await client.get('/protected');
      return status === 200 ? 'in time' : body.code;
    };
    const newcomer = newUser();
    expect(await opens(newcomer)).toBe('in time');

    const migrated = newUser();
    expect((await imports.importRecords([totpRecord(migrated)])).imported).toBe(1);
    await test.app.get(MfaAdminService).reset(migrated, 'a lost phone');
    expect(await opens(migrated)).toBe('mfa_enrollment_required');

    // Of somebody whose time was over before the import brings no new one, reset or not.
    const late = newUser();
    expect(await opens(late)).toBe('in time');
    test.clock.advance(3601);
    expect(await opens(late)).toBe('mfa_enrollment_required');
    expect((await imports.importRecords([totpRecord(late)])).imported).toBe(1);
    await test.app.get(MfaAdminService).reset(late, 'a lost phone');
    expect(await opens(late)).toBe('mfa_enrollment_required');
    const [{ enrolled_at }] = await rowsOf(
      test.dataSource,
      'SELECT enrolled_at FROM mfa_user_state WHERE user_id = ?',
      [late],
    );
    expect(enrolled_at).toBe(test.clock.now());
    await test.close();
  });
});
