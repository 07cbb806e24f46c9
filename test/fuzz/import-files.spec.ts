import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

import { xchacha20poly1305 } from '@noble/ciphers/chacha';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { MfaImportRow, MfaImportText, MfaSourceRow, MfaSourceRows } from 'nestjs-mfa/import';
import {
  MfaImportService,
  csvRows,
  jsonLineRows,
  readBetterAuth,
  readByHand,
  readCsv,
  readDjangoAllauth,
  readJsonLines,
  readLaravelFortify,
} from 'nestjs-mfa/import';

import { expectAlways } from '../support/fuzz.js';
import type { Damage } from '../support/hostile-input.js';
import {
  bytes,
  changed,
  damage,
  damaged,
  jsonChange,
  trickyJson,
  trickyText,
} from '../support/hostile-input.js';
import type { TestApp } from '../support/test-app.js';
import { startTestApp } from '../support/test-app.js';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const LARAVEL_KEY = randomBytes(32);
const BETTER_AUTH_SECRET = 'better-auth-secret-of-the-tests';

/** What a reader may say of a file that is none at all; everything else is said of a row. */
const NO_FILE = [
  'The first line of a CSV file must name each column once',
  'The file is UTF-16, as `>` in PowerShell writes it: convert it to UTF-8',
  'This is not a dumpdata export, which is a list of entries',
];

/** Why a row is not read: a word, and never a text of the row. */
const PROBLEM = /^[a-z_]{5,30}$/;

const READERS: Record<string, (text: MfaImportText) => AsyncIterable<MfaImportRow>> = {
  csv: readCsv,
  jsonl: readJsonLines,
  'django-allauth': (text) => readDjangoAllauth(text),
  'laravel-fortify': (text) =>
    readLaravelFortify(csvRows(text), { appKey: `base64:${LARAVEL_KEY.toString('base64')}` }),
  'better-auth': (text) => readBetterAuth(jsonLineRows(text), { secret: BETTER_AUTH_SECRET }),
  'better-auth, decrypted': (text) => readBetterAuth(jsonLineRows(text), {}),
  'by-hand, csv': (text) => readByHand(csvRows(text), { columns: { userId: 'id', secret: 'secret' } }),
  'by-hand, jsonl': (text) =>
    readByHand(jsonLineRows(text), {
      columns: { userId: 'id', secret: 'secret', recoveryCodes: 'codes' },
      encoding: 'base64',
    }),
};
const reader = fc
  .constantFrom(...Object.keys(READERS))
  .map((name) => ({ name, read: READERS[name] as never }));

/** The rows of a file, or what was said of the whole of it. */
async function rowsOf<T>(rows: AsyncIterable<T>): Promise<T[] | string> {
  const all: T[] = [];
  try {
    for await (const row of rows) all.push(row);
    return all;
  } catch (error) {
    const { message } = error as Error;
    expect(NO_FILE).toContain(message);
    return message;
  }
}

const VALUES = {
  userId: 'u1',
  id: 'u1',
  secret: SECRET,
  encoding: 'base32',
  algorithm: 'SHA256',
  digits: '6',
  period: '30',
  createdAt: '2024-01-02T03:04:05Z',
  lastUsedAt: '2024-01-02 03:04:05.678+02',
  recoveryCodes: '12345678;ABCD-EFGH-2345',
  codes: [{ code: '12345678', usedAt: '2024-01-02' }, 'ABCDEFGH'],
  verified: true,
  backupCodes: '["abcde-fghij"]',
  two_factor_secret: '',
  two_factor_recovery_codes: '',
  two_factor_confirmed_at: '2024-01-02 03:04:05',
};
const DUMP = [
  {
    model: 'mfa.authenticator',
    fields: {
      user: 1,
      type: 'totp',
      created_at: '2024-01-02T03:04:05Z',
      last_used_at: null,
      data: { secret: SECRET },
    },
  },
  {
    model: 'mfa.authenticator',
    fields: { user: 1, type: 'recovery_codes', data: { seed: 'a1b2', used_mask: 5 } },
  },
  {
    model: 'mfa.authenticator',
    fields: { user: 2, type: 'recovery_codes', data: { migrated_codes: ['12345678'] } },
  },
];

/** Those that read rows of any kind of file. */
const ROW_READERS: ((rows: MfaSourceRows) => AsyncIterable<MfaImportRow>)[] = [
  (rows) => readLaravelFortify(rows, { appKey: 'x'.repeat(32), confirmedOnly: false }),
  (rows) => readBetterAuth(rows, { secret: BETTER_AUTH_SECRET }),
  (rows) => readBetterAuth(rows, {}),
  (rows) => readByHand(rows, { columns: { userId: 'id', secret: 'secret', recoveryCodes: 'codes' } }),
];

async function* oneRow(fields: Record<string, unknown>): AsyncGenerator<MfaSourceRow> {
  yield await Promise.resolve({ line: 1, fields });
}

const cellOf = (text: string) => `"${text.replaceAll('"', '""')}"`;
const csvOf = (...records: string[][]) => records.map((cells) => cells.map(cellOf).join(',')).join('\r\n');

/** A file that was right, with one thing wrong in it. */
const nearly: fc.Arbitrary<string> = fc.oneof(
  jsonChange.map((change) => JSON.stringify(changed(VALUES, change))),
  jsonChange.map((change) => JSON.stringify(changed(DUMP, change))),
  jsonChange.map((change) => {
    const row = changed(VALUES, change);
    return csvOf(
      Object.keys(row),
      Object.values(row).map((value) => JSON.stringify(value) ?? ''),
    );
  }),
);

/** Pieces of which files are made, in any order. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '"',
          ',',
          '\n',
          '\r\n',
          '\r',
          '""',
          ';',
          '\ufeff',
          '\ufffd',
          '{',
          '}',
          '[',
          ']',
          ':',
          '\\',
          '\\u0000',
          ' ',
        ],
        ...[
          '"userId"',
          'userId,secret\n',
          '{"userId":"u1","secret":"',
          '__proto__',
          '{"__proto__":{"rejected":"x"},',
          SECRET,
        ],
      ),
      trickyText,
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

const file: fc.Arbitrary<Buffer> = fc.oneof(
  bytes(200),
  pieces.map((text) => Buffer.from(text)),
  nearly.map((text) => Buffer.from(text)),
  fc.tuple(nearly, damage).map(([text, one]) => damaged(Buffer.from(text), one)),
  fc.array(trickyJson).map((list) => Buffer.from(list.map((one) => JSON.stringify(one)).join('\n'))),
);

/** The file in chunks, cut anywhere behind what tells its encoding. */
function chunksOf(whole: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    const end = at === 0 ? Math.max(2, length) : at + length;
    chunks.push(whole.subarray(at, end));
    at = end;
  }
  return [...chunks, whole.subarray(at)];
}

const cuts = fc.array(fc.nat({ max: 20 }), { maxLength: 20 });

describe('a file to import', () => {
  it('is rows, rejected ones, or no file at all, for whoever reads it', () =>
    expectAlways(500, [reader, file], async ({ name, read }, text) => {
      const rows = await rowsOf((read as (typeof READERS)[string])([text]));
      if (typeof rows === 'string') return;
      expect([name, Object.keys(Object.prototype)]).toEqual([name, []]);
      for (const row of rows) {
        expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
        if ('rejected' in row) expect(row.rejected).toMatch(PROBLEM);
        else expect(typeof row.userId).toBe('string');
      }
    }));

  it('is the same wherever its chunks are cut', () =>
    expectAlways(200, [reader, file, cuts], async ({ read }, text, lengths) => {
      const rowsIn = (chunks: MfaImportText) => rowsOf((read as (typeof READERS)[string])(chunks));
      expect(await rowsIn(chunksOf(text, lengths))).toEqual(await rowsIn([text]));
    }));

  it('may have any value in any column', () =>
    expectAlways(
      600,
      [fc.constantFrom(...ROW_READERS), fc.constantFrom(...Object.keys(VALUES)), trickyJson],
      async (read, column, value) => {
        const [row] = (await rowsOf(read(oneRow({ ...VALUES, [column]: value })))) as MfaImportRow[];
        expect(row).toMatchObject({ line: 1 });
        if (row && 'rejected' in row) expect(row.rejected).toMatch(PROBLEM);
      },
    ));

  const cell = fc
    .string({ unit: 'grapheme-composite', maxLength: 12 })
    .map((text) => text.replaceAll('\ufffd', ''));

  it('of CSV has the cells that were written', () =>
    expectAlways(
      200,
      [
        fc.uniqueArray(cell, { minLength: 1, maxLength: 5, selector: (name) => name.trim() }),
        fc.array(fc.array(cell), { maxLength: 5 }),
        cuts,
      ],
      async (names, lists, lengths) => {
        const columns = names.map((name, index) => name.trim() || `column ${index}`);
        fc.pre(new Set(columns).size === columns.length && !columns[0]?.startsWith('\ufeff'));
        const records = lists.map((cells) => columns.map((_, index) => cells[index] ?? 'empty'));
        const rows = (await rowsOf(
          csvRows(chunksOf(Buffer.from(csvOf(columns, ...records)), lengths)),
        )) as MfaSourceRow[];
        const isRecord = (cells: string[]) => cells.length > 1 || cells[0] !== '';
        expect(rows.map(({ fields }) => fields)).toEqual(
          records
            .filter(isRecord)
            .map((cells) =>
              Object.fromEntries(
                columns.map((name, at) => [name, cells[at]]).filter(([, value]) => value !== ''),
              ),
            ),
        );
      },
    ));

  it('of JSON lines has the objects that were written', () =>
    expectAlways(80, [fc.array(fc.dictionary(cell, fc.jsonValue())), cuts], async (objects, lengths) => {
      const text = objects.map((one) => JSON.stringify(one)).join('\n');
      fc.pre(!text.includes('\ufffd'));
      const rows = (await rowsOf(jsonLineRows(chunksOf(Buffer.from(text), lengths)))) as MfaSourceRow[];
      const filled = (one: object) =>
        Object.entries(one).filter(([, value]) => value !== null && value !== '');
      expect(rows.map(({ fields }) => Object.entries(fields))).toEqual(
        objects.map((one) => filled(JSON.parse(JSON.stringify(one)) as object)),
      );
    }));

  it('loses no row by a broken one', () =>
    expectAlways(
      200,
      [trickyText.map((text) => text.replace(/["\r\n]/g, '')), fc.nat({ max: 4 })],
      async (broken, at) => {
        const ids = ['own-a', 'own-b', 'own-c', 'own-d'];
        const inserted = (lines: string[]) => [...lines.slice(0, at), broken, ...lines.slice(at)].join('\n');
        const read = async (rows: AsyncIterable<MfaImportRow>) =>
          ((await rowsOf(rows)) as MfaImportRow[]).flatMap((row) =>
            // What was inserted may be a row, too.
            'rejected' in row || !ids.includes(row.userId) ? [] : [row.userId],
          );
        const csv = inserted(ids.map((id) => `${id},${SECRET},`));
        expect(await read(readCsv(`userId,secret,name\n${csv}`))).toEqual(ids);
        expect(
          await read(
            readJsonLines(inserted(ids.map((userId) => JSON.stringify({ userId, secret: SECRET })))),
          ),
        ).toEqual(ids);
      },
    ));
});

describe('a secret that another system has sealed', () => {
  const base64 = (data: Buffer) => data.toString('base64');

  function laravel(cipher: 'cbc' | 'gcm', text: string): Record<string, string> {
    const iv = randomBytes(cipher === 'cbc' ? 16 : 12);
    if (cipher === 'gcm') {
      const gcm = createCipheriv('aes-256-gcm', LARAVEL_KEY, iv);
      const value = base64(Buffer.concat([gcm.update(text), gcm.final()]));
      return { iv: base64(iv), value, mac: '', tag: base64(gcm.getAuthTag()) };
    }
    const cbc = createCipheriv('aes-256-cbc', LARAVEL_KEY, iv);
    const value = base64(Buffer.concat([cbc.update(text), cbc.final()]));
    const mac = createHmac('sha256', LARAVEL_KEY)
      .update(base64(iv) + value)
      .digest('hex');
    return { iv: base64(iv), value, mac, tag: '' };
  }

  async function secretIn(rows: AsyncIterable<MfaImportRow>): Promise<string> {
    const [row] = (await rowsOf(rows)) as MfaImportRow[];
    return row && 'totp' in row ? `secret ${row.totp?.secret}` : JSON.stringify(row);
  }

  it('by Laravel opens with nothing else when it was damaged', () =>
    expectAlways(
      200,
      [fc.constantFrom('cbc' as const, 'gcm' as const), fc.oneof(jsonChange, damage)],
      async (cipher, change) => {
        const sealed = laravel(cipher, `s:32:"${SECRET}";`);
        const read = (payload: string) =>
          secretIn(
            readLaravelFortify(oneRow({ id: 'u1', two_factor_secret: payload }), {
              appKey: `base64:${base64(LARAVEL_KEY)}`,
              cipher,
              confirmedOnly: false,
            }),
          );
        expect(await read(base64(Buffer.from(JSON.stringify(sealed))))).toBe(`secret ${SECRET}`);
        const other =
          'kind' in change
            ? damaged(Buffer.from(JSON.stringify(sealed)), change)
            : Buffer.from(JSON.stringify(changed(sealed, change)));
        expect(await read(base64(other))).toMatch(
          new RegExp(`^secret ${SECRET}$|"rejected":"(?:undecryptable|no_factor)"`),
        );
      },
    ));

  it('by better-auth opens with nothing else when it was damaged', () =>
    expectAlways(200, [damage], async (one: Damage) => {
      const nonce = randomBytes(24);
      const key = createHash('sha256').update(BETTER_AUTH_SECRET).digest();
      const sealed = Buffer.concat([
        nonce,
        xchacha20poly1305(key, nonce).encrypt(Buffer.from('a secret of 20 bytes')),
      ]);
      const read = (secret: string) =>
        secretIn(readBetterAuth(oneRow({ userId: 'u1', secret }), { secret: BETTER_AUTH_SECRET }));
      expect(await read(sealed.toString('hex'))).toMatch(/^secret /);
      const other = damaged(sealed, one);
      expect(await read(other.toString('hex'))).toMatch(
        other.equals(sealed) ? /^secret / : /"(?:undecryptable|no_factor)"/,
      );
    }));
});

describe('the import', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('ends with a report, whatever the readers give it', () =>
    expectAlways(100, [reader, file], async ({ read }, text) => {
      const rows = await rowsOf((read as (typeof READERS)[string])([text]));
      fc.pre(typeof rows !== 'string');
      const report = await test.app.get(MfaImportService).importRecords(rows, { dryRun: true });
      const { imported, rejected, skipped } = report;
      expect(report.read).toBe(rows.length);
      expect(imported + rejected.length + skipped.length).toBe(rows.length);
      for (const { reason } of rejected) expect(reason).toMatch(PROBLEM);
    }));
});
