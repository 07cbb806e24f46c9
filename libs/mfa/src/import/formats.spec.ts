import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { allauthRecoveryCodes } from './allauth-recovery-codes.js';
import { csvRows } from './csv-rows.js';
import { jsonLineRows } from './json-line-rows.js';
import { laravelDecrypt, laravelKey } from './laravel-crypt.js';
import { readBetterAuth } from './read-better-auth.js';
import { readByHand } from './read-by-hand.js';
import { readDjangoAllauth } from './read-django-allauth.js';
import { readLaravelFortify } from './read-laravel-fortify.js';
import { readCsv, readJsonLines } from './read-plain.js';

const fixture = (name: string) => readFileSync(`test/fixtures/import/${name}`, 'utf8');
const all = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
};

describe('django-allauth', () => {
  it('derives the codes of a seed', () => {
    const { seed, codes } = JSON.parse(fixture('django-allauth-codes.json'));
    expect(allauthRecoveryCodes(seed, { count: 10, digits: 8 })).toEqual(codes);
    // Less than a byte of the HMAC.
    expect(allauthRecoveryCodes(seed, { count: 1, digits: 1 })).toEqual(['0']);
  });

  it('becomes one record a user, from both kinds of export', async () => {
    const { codes } = JSON.parse(fixture('django-allauth-codes.json'));
    const json = fixture('django-allauth.json');
    const rows = await all(readDjangoAllauth(json));
    const usedAt = new Date('2025-06-01T10:00:00Z');
    const dates = { createdAt: new Date('2024-03-01T09:00:00.123Z'), lastUsedAt: usedAt };
    expect(rows).toEqual([
      { line: 5, userId: '3', rejected: 'unsupported_type' },
      {
        line: 1,
        userId: '1',
        totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', ...dates },
        recoveryCodes: codes.map((code: string, index: number) =>
          index === 0 || index === 2 ? { code, usedAt } : { code },
        ),
      },
      {
        line: 3,
        userId: '2',
        totp: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', ...dates },
        recoveryCodes: [{ code: 'abcd1234' }, { code: 'efgh5678' }],
      },
    ]);
    const lines = (JSON.parse(json) as unknown[]).map((entry) => JSON.stringify(entry)).join('\n');
    expect(await all(readDjangoAllauth([lines.slice(0, 100), lines.slice(100)]))).toEqual(rows);
  });

  it('uses the settings and the decryption that it is told', async () => {
    const entry = (type: string, data: object) => ({
      model: 'mfa.authenticator',
      fields: { user: 1, type, data },
    });
    const export_ = JSON.stringify([
      entry('totp', { secret: 'PXP3KPHEPD3YWSBJ' }),
      entry('recovery_codes', { seed: 'dees', used_mask: 0 }),
      { model: 'auth.user', fields: {} },
    ]);
    const decrypt = (text: string) => [...text].reverse().join('');
    const options = { digits: 8, period: 60, recoveryCodeCount: 3, recoveryCodeDigits: 10, decrypt };
    expect(await all(readDjangoAllauth(export_, options))).toEqual([
      {
        line: 1,
        userId: '1',
        totp: { secret: 'JBSWY3DPEHPK3PXP', digits: 8, period: 60 },
        recoveryCodes: allauthRecoveryCodes('seed', { count: 3, digits: 10 }).map((code) => ({ code })),
      },
    ]);
    const failing = () => Promise.reject(new Error('no'));
    const rejected = { line: 1, userId: '1', rejected: 'undecryptable' };
    expect(await all(readDjangoAllauth(export_, { decrypt: failing }))).toEqual([
      rejected,
      { ...rejected, line: 2 },
    ]);
  });

  it('leaves a user out as a whole when one of the entries is wrong', async () => {
    const entry = (user: unknown, type: string, data: unknown) => ({
      model: 'mfa.authenticator',
      fields: { user, type, data },
    });
    const entries = [
      entry(1, 'totp', { secret: 'JBSWY3DPEHPK3PXP' }),
      entry(1, 'recovery_codes', { seed: 'x' }),
      entry(['natural', 'key'], 'totp', { secret: 'JBSWY3DPEHPK3PXP' }),
      entry(2, 'totp', 'text'),
      'text',
    ];
    expect(await all(readDjangoAllauth(JSON.stringify(entries)))).toEqual([
      { line: 2, userId: '1', rejected: 'invalid_recovery_code' },
      { line: 3, rejected: 'invalid_user_id' },
      { line: 4, userId: '2', rejected: 'unreadable_row' },
      { line: 5, rejected: 'unreadable_row' },
    ]);
    await expect(all(readDjangoAllauth('[{'))).rejects.toThrow('not a dumpdata export');
  });
});

describe('Laravel Fortify', () => {
  const appKey = `base64:${Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')}`;
  const csv = () => csvRows(fixture('laravel-fortify.csv'));

  it('opens what Laravel itself has encrypted', () => {
    // Encrypted by Laravel's Encrypter with AES-128-CBC and this key.
    const payload =
      'eyJpdiI6ImdMd2dWcW5jMXBrUDBranRJZXQ5MEE9PSIsInZhbHVlIjoiNnhTODBSclB3ZVp3SFRRUWFWTHpReFQwYWQ1aXVmTmhXOXV5WHM2TzR1WT0iLCJtYWMiOiIwODQyZDhiMzZlNDQwZTZjYTRiYmI2MGE0MTgzNzk5NGNkZTU1Yzc5NDIyYzdjYmYwNzk2ZTA5MGNjYjc4MGYzIn0=';
    const key = laravelKey('1234567812345678');
    expect(laravelDecrypt(payload, [Buffer.alloc(32), key], 'cbc')).toBe('Hello world');
    expect(() => laravelDecrypt(payload, [Buffer.alloc(16)], 'cbc')).toThrow('undecryptable');
    const bent = Buffer.from(payload, 'base64').toString().replace('6xS8', '6xS9');
    expect(() => laravelDecrypt(Buffer.from(bent).toString('base64'), [key], 'cbc')).toThrow('undecryptable');
    expect(() => laravelKey('too short')).toThrow(TypeError);
  });

  it('opens AES-GCM and text that is not serialised', () => {
    for (const key of [Buffer.alloc(16, 1), Buffer.alloc(32, 1)]) {
      const cipher = createCipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, Buffer.alloc(12));
      const value = Buffer.concat([cipher.update('plain text'), cipher.final()]).toString('base64');
      const payload = (tag: string) =>
        Buffer.from(
          JSON.stringify({ iv: Buffer.alloc(12).toString('base64'), value, mac: '', tag }),
        ).toString('base64');
      expect(laravelDecrypt(payload(cipher.getAuthTag().toString('base64')), [key], 'gcm')).toBe(
        'plain text',
      );
      for (const tag of ['', cipher.getAuthTag().subarray(0, 4).toString('base64')]) {
        expect(() => laravelDecrypt(payload(tag), [key], 'gcm')).toThrow('undecryptable');
      }
      expect(() => laravelDecrypt(payload(''), [key], 'cbc')).toThrow('undecryptable');
    }
    expect(() => laravelDecrypt('no payload', [], 'cbc')).toThrow('undecryptable');
    expect(() => laravelDecrypt(Buffer.from('{}').toString('base64'), [], 'cbc')).toThrow('undecryptable');
  });

  it('becomes records of the confirmed users', async () => {
    const confirmed = {
      line: 2,
      userId: '7',
      totp: { secret: 'KRSXG5CTMVRXEZLU', createdAt: new Date('2024-05-06T07:08:09Z') },
      recoveryCodes: [{ code: 'aBcDe12345-fGhIj67890' }, { code: 'kLmNo12345-pQrSt67890' }],
    };
    expect(await all(readLaravelFortify(csv(), { appKey }))).toEqual([
      confirmed,
      { line: 3, userId: '8', rejected: 'unconfirmed' },
    ]);
    expect(
      await all(readLaravelFortify(csv(), { appKey: ['x'.repeat(32), appKey], confirmedOnly: false })),
    ).toEqual([confirmed, { line: 3, userId: '8', totp: { secret: 'KRSXG5CTMVRXEZLU' } }]);
  });

  it('rejects values under another key or in another mode', async () => {
    for (const options of [{ appKey: 'x'.repeat(32) }, { appKey, cipher: 'gcm' as const }]) {
      const rows = await all(readLaravelFortify(csv(), { ...options, confirmedOnly: false }));
      expect(rows.map((row) => 'rejected' in row && row.rejected)).toEqual([
        'undecryptable',
        'undecryptable',
      ]);
    }
  });
});

describe('better-auth', () => {
  const secret = 'better-auth-secret-for-the-fixtures!';
  const rows = () => jsonLineRows(fixture('better-auth.jsonl'));

  it('becomes records, with one secret or versions of it', async () => {
    // The text itself is the key, so this is its base32.
    const totp = { secret: 'MFBGGRDFIZTUQ2KKNNGG2TTPKBYVE42UOVLHOWDZLIYDCMRTGQ2Q' };
    const options = { secret, secrets: { 3: secret } };
    const expected = [
      { line: 1, userId: 'u-1', totp, recoveryCodes: [{ code: 'Ab1cD-2eFg3' }, { code: 'hIj4K-5lMn6' }] },
      { line: 2, userId: 'u-2', totp, recoveryCodes: [{ code: 'Zz9yX-8wVu7' }] },
    ];
    expect(await all(readBetterAuth(rows(), options))).toEqual(expected);
    expect(await all(readBetterAuth(rows(), { secret: 'another' }))).toEqual([
      { line: 1, userId: 'u-1', rejected: 'undecryptable' },
      { line: 2, userId: 'u-2', rejected: 'undecryptable' },
    ]);
  });

  it('rejects what was cut off or changed', async () => {
    const [line = ''] = fixture('better-auth.jsonl').split('\n');
    const sealed = String(JSON.parse(line).secret);
    const changed = [sealed.slice(0, 46), sealed.slice(0, 78), `${sealed}00`, sealed.replace(/^../, 'ff')];
    for (const text of [...changed, sealed.replace(/.$/, (last) => (last === '0' ? '1' : '0'))]) {
      const row = jsonLineRows(JSON.stringify({ userId: 'u-1', secret: text }));
      expect(await all(readBetterAuth(row, { secret }))).toEqual([
        { line: 1, userId: 'u-1', rejected: 'undecryptable' },
      ]);
    }
  });

  it('takes rows that were decrypted before', async () => {
    const lines = [
      {
        userId: 1,
        secret: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345',
        backupCodes: '["Ab1cD-2eFg3"]',
        verified: true,
      },
      { userId: 2, secret: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345', verified: false },
      { userId: 3 },
      { userId: 4, secret: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345', backupCodes: '[1]' },
      { userId: 5, secret: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345', twoFactorEnabled: 0 },
      // A value that can't be converted to a string.
      { userId: 6, secret: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ012345', verified: { toString: 1 } },
    ].map((row) => JSON.stringify(row));
    const read = await all(readBetterAuth(jsonLineRows(lines.join('\n')), { digits: 8, period: 60 }));
    expect(read).toEqual([
      {
        line: 1,
        userId: '1',
        totp: { secret: 'MFBGGRDFIZTUQ2KKNNGG2TTPKBYVE42UOVLHOWDZLIYDCMRTGQ2Q', digits: 8, period: 60 },
        recoveryCodes: [{ code: 'Ab1cD-2eFg3' }],
      },
      { line: 2, userId: '2', rejected: 'unconfirmed' },
      { line: 3, userId: '3', rejected: 'no_factor' },
      { line: 4, userId: '4', rejected: 'invalid_recovery_code' },
      { line: 5, userId: '5', rejected: 'unconfirmed' },
      expect.objectContaining({ line: 6, userId: '6', totp: expect.anything() }),
    ]);
  });
});

describe('plain files', () => {
  it('are read from CSV', async () => {
    expect(await all(readCsv(fixture('plain.csv')))).toEqual([
      {
        line: 2,
        userId: 'csv-1',
        totp: { secret: 'JBSWY3DPEHPK3PXP', name: 'Phone, old', createdAt: new Date('2024-01-02T03:04:05Z') },
        recoveryCodes: [{ code: 'ABCD-EFGH-2345' }, { code: 'WXYZ-2345-6789' }],
      },
      {
        line: 3,
        userId: 'csv-2',
        totp: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', algorithm: 'sha256', digits: 8, period: 60 },
      },
      { line: 4, userId: 'csv-3', rejected: 'short_secret' },
      { line: 5, rejected: 'unreadable_row' },
      { line: 6, userId: 'csv-5', totp: { secret: 'JBSWY3DPEHPK3PXP' } },
    ]);
  });

  it('are read from JSON lines', async () => {
    const usedAt = new Date('2024-01-01T00:00:00Z');
    expect(await all(readJsonLines(fixture('plain.jsonl')))).toEqual([
      {
        line: 1,
        userId: 'json-1',
        totp: { secret: 'JBSWY3DPEHPK3PXP' },
        recoveryCodes: [{ code: '12345678' }, { code: '23456789', usedAt }],
      },
      {
        line: 2,
        userId: 'json-2',
        totp: { secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', algorithm: 'sha512', digits: 8, period: 60 },
      },
      { line: 4, rejected: 'unreadable_row' },
      { line: 5, userId: 'json-3', rejected: 'unknown_column' },
      { line: 6, userId: 'json-4', recoveryCodes: [{ code: '12345678' }, { code: '23456789' }] },
    ]);
  });

  it.each<[object, string]>([
    [{ userId: '' }, 'invalid_user_id'],
    [{ userId: 1.5 }, 'invalid_user_id'],
    [{ userId: 'a ' }, 'invalid_user_id'],
    [{ userId: 'a', secret: 5 }, 'invalid_secret'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', encoding: 'rot13' }, 'invalid_secret'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', algorithm: 'md5' }, 'invalid_algorithm'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', digits: '6.5' }, 'invalid_digits'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', period: 'x' }, 'invalid_period'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', name: 5 }, 'invalid_name'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', createdAt: '2024-13-01' }, 'invalid_date'],
    [{ userId: 'a', secret: 'JBSWY3DPEHPK3PXP', createdAt: 'yesterday' }, 'invalid_date'],
    [{ userId: 'a', recoveryCodes: 5 }, 'invalid_recovery_code'],
    [{ userId: 'a', recoveryCodes: [5] }, 'invalid_recovery_code'],
  ])('reject %j', async (row, rejected) => {
    expect(await all(readJsonLines(JSON.stringify(row)))).toEqual([expect.objectContaining({ rejected })]);
  });
});

describe('by hand', () => {
  const columns = { userId: '_id', secret: 'tfa' };
  const secret = 'JBSWY3DPEFJWKY3SMV2DCMRTGQ';

  it("reads speakeasy's object and text in the encoding that it is told", async () => {
    const rows = () => jsonLineRows(fixture('speakeasy.jsonl'));
    expect(await all(readByHand(rows(), { columns, encoding: 'ascii', period: 60 }))).toEqual([
      { line: 1, userId: '65f0c0ffee65f0c0ffee65f0', totp: { secret, period: 60 } },
      { line: 2, userId: 'plain-ascii', totp: { secret, period: 60 } },
    ]);
  });

  it('rejects what is no secret, and reads recovery codes where there are any', async () => {
    const text = 'id,s,codes\n1,,\n2,0000000000000000,\n3,JBSWY3DPEHPK3PXP,12345678\n"4\n';
    const columns = { userId: 'id', secret: 's', recoveryCodes: 'codes' };
    const objects = jsonLineRows('{"id":5,"s":{"base32":"","hex":5}}');
    expect(await all(readByHand(csvRows(text), { columns }))).toEqual([
      { line: 2, userId: '1', rejected: 'no_factor' },
      { line: 3, userId: '2', rejected: 'invalid_secret' },
      { line: 4, userId: '3', totp: { secret: 'JBSWY3DPEHPK3PXP' }, recoveryCodes: [{ code: '12345678' }] },
      { line: 5, rejected: 'unreadable_row' },
    ]);
    expect(await all(readByHand(objects, { columns }))).toEqual([
      { line: 1, userId: '5', rejected: 'invalid_secret' },
    ]);
  });
});
