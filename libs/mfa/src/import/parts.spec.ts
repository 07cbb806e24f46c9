import { describe, expect, it } from '@jest/globals';

import { checkRecord } from './check-record.js';
import type { CsvRecord } from './csv-parser.js';
import { CsvParser } from './csv-parser.js';
import { csvRows } from './csv-rows.js';
import { MAX_ROW_LENGTH, chunksOf, linesOf } from './import-text.js';
import { jsonLineRows } from './json-line-rows.js';
import { normalizeSecret, secretOfBytes } from './secret-encoding.js';

const all = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
};

describe('CSV', () => {
  const parse = (text: string, size = text.length): CsvRecord[] => {
    const parser = new CsvParser();
    const records: CsvRecord[] = [];
    for (let at = 0; at < text.length; at += size) records.push(...parser.push(text.slice(at, at + size)));
    return [...records, ...parser.end()];
  };

  it('is taken apart, however it is cut', () => {
    const text = 'a,b\r\n"x, ""y""","two\r\nlines"\r\n\r\n,\n"","\n"';
    for (const size of [1, 2, 3, text.length]) {
      expect(parse(text, size)).toEqual([
        { line: 1, cells: ['a', 'b'] },
        { line: 2, cells: ['x, "y"', 'two\r\nlines'] },
        { line: 5, cells: ['', ''] },
        { line: 6, cells: ['', '\n'] },
      ]);
    }
  });

  it('keeps a broken record to itself', () => {
    expect(parse('a"b,c\n"a"b,c\nfine\n"open\nrest')).toEqual([
      { line: 1, cells: null },
      { line: 2, cells: null },
      { line: 3, cells: ['fine'] },
      { line: 4, cells: null },
    ]);
  });

  it('needs a header, and says nothing of what stands there instead', async () => {
    for (const text of ['JBSWY3DPEHPK3PXP,JBSWY3DPEHPK3PXP\n', 'a,\n', '"a\n']) {
      await expect(all(csvRows(text))).rejects.toThrow(
        'The first line of a CSV file must name each column once',
      );
    }
    expect(await all(csvRows(''))).toEqual([]);
  });
});

describe('text', () => {
  it('is decoded over the borders of chunks, without its mark', async () => {
    const bytes = Buffer.from('\uFEFFa\u00e9\nb\r\n\n');
    const chunks = [...bytes].map((byte) => Uint8Array.of(byte));
    expect((await all(chunksOf(chunks))).join('')).toBe('a\u00e9\nb\r\n\n');
    expect(await all(linesOf(chunks))).toEqual([
      { line: 1, text: 'a\u00e9' },
      { line: 2, text: 'b\r' },
    ]);
  });

  it('rejects the row whose bytes are no UTF-8, and no other', async () => {
    const rejected = 'unreadable_row';
    const lines = Buffer.from('{"a":"b"}\n{"a":"\xff"}\n{"a":"c"}\n{"a":"\xc3', 'latin1');
    expect(await all(jsonLineRows([lines]))).toEqual([
      { line: 1, fields: { a: 'b' } },
      { line: 2, rejected },
      { line: 3, fields: { a: 'c' } },
      { line: 4, rejected },
    ]);
    const cells = Buffer.from('a,b\r\n1,\xe9t\xe9\r\n2,x\r\n', 'latin1');
    expect(await all(csvRows([cells]))).toEqual([
      { line: 2, rejected },
      { line: 3, fields: { a: '2', b: 'x' } },
    ]);
    // An escaped U+FFFD was in the text on purpose.
    expect(await all(jsonLineRows('{"a":"\\ufffd"}'))).toEqual([{ line: 1, fields: { a: '\ufffd' } }]);
  });

  it.each(['utf16le', 'utf16be'] as const)('in %s is refused as a whole', async (encoding) => {
    const bytes = Buffer.from('\uFEFFuserId,secret\n', 'utf16le');
    if (encoding === 'utf16be') bytes.swap16();
    await expect(all(csvRows([bytes]))).rejects.toThrow('The file is UTF-16');
  });

  it('keeps no row that is longer than a MiB, and goes on after it', async () => {
    const long = 'x'.repeat(MAX_ROW_LENGTH + 1);
    const chunks = (text: string) => [text.slice(0, 100), ...(text.slice(100).match(/[^]{1,60000}/g) ?? [])];
    expect(await all(linesOf(chunks(`a\n${long}\n\nb\n${long}`)))).toEqual([
      { line: 1, text: 'a' },
      { line: 2, text: null },
      { line: 4, text: 'b' },
      { line: 5, text: null },
    ]);
    const longest = JSON.stringify({ a: 'x'.repeat(MAX_ROW_LENGTH - 8) });
    expect(await all(jsonLineRows(chunks(`${longest}\n${longest} \n{"a":"b"}`)))).toEqual([
      { line: 1, fields: { a: expect.any(String) } },
      { line: 2, rejected: 'unreadable_row' },
      { line: 3, fields: { a: 'b' } },
    ]);
    // Neither in one cell nor in many. Lines within a long cell aren't rows.
    const csv = `a,b\n1,"${long}\n42,forged\n"\n${','.repeat(MAX_ROW_LENGTH + 1)}\n2,x\n3,x,${long}\n`;
    expect(await all(csvRows(chunks(csv)))).toEqual([
      { line: 2, rejected: 'unreadable_row' },
      { line: 5, rejected: 'unreadable_row' },
      { line: 6, fields: { a: '2', b: 'x' } },
      { line: 7, rejected: 'unreadable_row' },
    ]);
  });
});

describe('a secret', () => {
  it.each(['JBSWY3DPEHPK3PXP', 'jbsw y3dp-ehpk 3pxp', 'JBSWY3DPEHPK3PXP======'])(
    'in base32 (%s) stays itself',
    (text) => {
      expect(normalizeSecret(text)).toBe('JBSWY3DPEHPK3PXP');
    },
  );

  it('in base32 loses bits at its end that make no byte, as in every app', () => {
    expect(normalizeSecret('JBSWY3DPEHPK3PXPJB')).toBe('JBSWY3DPEHPK3PXPJA');
    expect(normalizeSecret('JBSWY3DPEHPK3PXPJBSW6')).toBe('JBSWY3DPEHPK3PXPJBSW6');
    expect(normalizeSecret('JBSWY3DPEHPK3PXPJBSW7')).toBe('JBSWY3DPEHPK3PXPJBSW6');
  });

  it('is the same in every encoding', () => {
    const expected = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    expect(normalizeSecret('12345678901234567890', 'ascii')).toBe(expected);
    expect(normalizeSecret('31323334 35363738 39303132 33343536 37383930', 'hex')).toBe(expected);
    expect(normalizeSecret('MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=', 'base64')).toBe(expected);
    expect(normalizeSecret(Buffer.alloc(12, 0xfb).toString('base64url'), 'base64')).toBe(
      secretOfBytes(new Uint8Array(12).fill(0xfb)),
    );
  });

  it.each([
    ['JBSWY3DPEHPK3PX', 'base32', 'short_secret'],
    ['jbsw y3dp ehpk 3px=', 'base32', 'short_secret'],
    ['JBSWY3DPEHPK3PXPA', 'base32', 'invalid_secret'],
    ['JBSWY3DPEHPK3PX0', 'base32', 'invalid_secret'],
    ['', 'base32', 'invalid_secret'],
    ['A'.repeat(104), 'base32', 'long_secret'],
    ['abc', 'hex', 'invalid_secret'],
    ['p\u00e9ter pan and more', 'ascii', 'invalid_secret'],
    ['MTIzNDU2Nzg5MDEyM', 'base64', 'invalid_secret'],
    ['no base64!', 'base64', 'invalid_secret'],
  ] as const)('%s in %s is refused: %s', (text, encoding, problem) => {
    expect(() => normalizeSecret(text, encoding)).toThrow(problem);
  });
});

describe('a record', () => {
  const now = new Date('2025-01-01T00:00:00Z');
  const later = new Date('2025-01-01T00:00:01Z');
  const totp = { secret: 'JBSWY3DPEHPK3PXP' };

  it('gets the usual parameters', () => {
    expect(checkRecord({ userId: 'a', totp: { ...totp, name: ' Phone ' } }, now)).toEqual({
      userId: 'a',
      totp: {
        parameters: { secret: 'JBSWY3DPEHPK3PXP', algorithm: 'sha1', digits: 6, period: 30 },
        name: 'Phone',
        createdAt: now,
        lastUsedAt: null,
      },
      codes: [],
    });
  });

  it('has each code once; a used one stays used', () => {
    const recoveryCodes = [
      { code: 'ABCDEFG1' },
      { code: 'abcd-efgl', usedAt: now },
      { code: 'abcd efgi' },
      { code: '12345678' },
    ];
    expect(checkRecord({ userId: 'a', totp, recoveryCodes }, now).codes).toEqual([
      { code: 'abcd efgi', usedAt: now },
      { code: '12345678', usedAt: null },
    ]);
  });

  it.each<[object, string]>([
    [{}, 'no_factor'],
    [{ recoveryCodes: [] }, 'no_factor'],
    [{ totp, userId: '' }, 'invalid_user_id'],
    [{ totp: { ...totp, algorithm: 'md5' } }, 'invalid_algorithm'],
    [{ totp: { ...totp, digits: 5 } }, 'invalid_digits'],
    [{ totp: { ...totp, period: 121 } }, 'invalid_period'],
    [{ totp: { ...totp, name: ' ' } }, 'invalid_name'],
    [{ totp: { ...totp, name: 'a\u0000' } }, 'invalid_name'],
    [{ totp: { ...totp, lastUsedAt: later } }, 'invalid_date'],
    [{ totp: { ...totp, createdAt: new Date('x') } }, 'invalid_date'],
    [{ recoveryCodes: [{ code: '1234567' }] }, 'invalid_recovery_code'],
    [{ recoveryCodes: [{ code: 'abcd_efgh_ijkl' }] }, 'invalid_recovery_code'],
    [{ recoveryCodes: [{ code: '12345678', usedAt: later }] }, 'invalid_date'],
    [{ recoveryCodes: Array.from({ length: 101 }, () => ({ code: '12345678' })) }, 'too_many_recovery_codes'],
  ])('%j is refused: %s', (record, problem) => {
    expect(() => checkRecord({ userId: 'a', ...record }, now)).toThrow(problem);
  });
});
