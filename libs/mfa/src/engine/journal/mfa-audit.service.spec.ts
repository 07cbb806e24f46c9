import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { TestClock } from '../../../../../test/support/clock.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { firstIdAt, sortableId } from '../../core/crypto/tokens.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaAuditEntry } from './audit-entry.entity.js';
import type { MfaAuditQuery } from './mfa-audit.service.js';
import { MfaAuditService } from './mfa-audit.service.js';
import type { MfaEventType } from './mfa-event.js';

const DAY = 86_400;
const options = {
  audit: { retentionDays: 30 },
  retention: { batchSize: 2 },
  storage: { timeoutSeconds: 5, preparedStatements: false },
} as never;

describe('the audit trail', () => {
  const clock = new TestClock();
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let audit: MfaAuditService;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaAuditEntry));
    audit = new MfaAuditService(new MfaStorage(dataSource, options), options, clock);
  });
  beforeEach(() => dataSource.createQueryBuilder().delete().from(MfaAuditEntry).execute());
  afterAll(() => close());

  /** Writes entries, each a second after the one before; their texts are `1`, `2` and so on. */
  const write = async (...entries: readonly [userId: string, type: MfaEventType][]) => {
    const rows = dataSource.getRepository(MfaAuditEntry);
    for (const [index, [userId, type]] of entries.entries()) {
      const [at, data] = [new Date(clock.now()), { text: String(index + 1) }];
      await rows.insert({ id: sortableId(clock.now()), type, at, userId, actorType: 'user', data });
      clock.advance(1);
    }
  };
  const textsOf = (entries: readonly MfaAuditEntry[]) =>
    entries.map(({ data }) => (data as { text: string }).text).join('');
  const find = async (query?: MfaAuditQuery) => textsOf((await audit.find(query)).entries);
  /** Five entries in five seconds, the first at the returned time. */
  const writeFive = async () => {
    const start = clock.now();
    await write(
      ['ada', 'mfa.session.started'],
      ['bob', 'mfa.session.ended'],
      ['ada', 'mfa.session.verified'],
      ['bob', 'mfa.session.started'],
      ['ada', 'mfa.session.ended'],
    );
    return start;
  };

  it('is read newest first', async () => {
    await writeFive();
    expect(await audit.find()).toMatchObject({ next: null, entries: { length: 5 } });
    expect(await find()).toBe('54321');
  });

  it.each<[string, MfaAuditQuery, string]>([
    ['a user', { userId: 'ada' }, '531'],
    ['a user with an empty id', { userId: '' }, ''],
    ['a type', { types: ['mfa.session.started'] }, '41'],
    ['several types', { types: ['mfa.session.started', 'mfa.session.ended'] }, '5421'],
    ['a type that is named twice', { types: ['mfa.session.ended', 'mfa.session.ended'] }, '52'],
    ['types in the order of time', { types: ['mfa.session.ended', 'mfa.session.verified'] }, '532'],
    ['a type and a user', { types: ['mfa.session.started'], userId: 'bob' }, '4'],
    ['types and a user', { types: ['mfa.session.started', 'mfa.session.ended'], userId: 'bob' }, '42'],
    ['no type at all', { types: [] }, ''],
    ['no type at all of a user', { types: [], userId: 'ada' }, ''],
  ])('is read by %s', async (_, query, texts) => {
    await writeFive();
    expect(await find(query)).toBe(texts);
    expect((await audit.find(query)).next).toBeNull();
  });

  it('is read from a moment on and before another one', async () => {
    const start = await writeFive();
    const at = (seconds: number) => new Date(start + seconds * 1000);
    expect(await find({ from: at(2) })).toBe('543');
    expect(await find({ to: at(2) })).toBe('21');
    expect(await find({ from: at(1), to: at(3) })).toBe('32');
    expect(await find({ from: at(1), to: at(3), types: ['mfa.session.ended'] })).toBe('2');
  });

  it.each([
    [1, ['5', '4', '3', '2', '1']],
    [2, ['54', '32', '1']],
    [4, ['5432', '1']],
    [5, ['54321']],
  ])('is read in pages of %d', async (limit, expected) => {
    await writeFive();
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await audit.find({ limit, cursor });
      pages.push(textsOf(page.entries));
      cursor = page.next;
    } while (cursor !== null && pages.length < 6);
    expect(pages).toEqual(expected);
  });

  it('is read in pages of several types as well', async () => {
    await writeFive();
    const types: MfaEventType[] = ['mfa.session.started', 'mfa.session.ended'];
    const { entries, next } = await audit.find({ types, limit: 3 });
    expect(textsOf(entries)).toBe('542');
    expect(await find({ types, limit: 3, cursor: next })).toBe('1');
  });

  it('asks for one query per type, and for a user’s types at once', async () => {
    const reads: unknown[] = [];
    const counting = new MfaAuditService(
      { read: () => Promise.resolve(reads.push(1) && []) } as never,
      options,
      clock,
    );
    const types: MfaEventType[] = ['mfa.session.started', 'mfa.session.ended', 'mfa.session.started'];
    await counting.find({ types });
    expect(reads.splice(0)).toHaveLength(2);
    await counting.find({ types, userId: 'ada' });
    await counting.find({ userId: 'ada' });
    await counting.find({ types: [] });
    await counting.find({ types: [], userId: 'ada' });
    expect(reads).toHaveLength(2);
  });

  it.each(['from', 'to'])('refuses an invalid `%s`', async (name) => {
    const invalid = { [name]: new Date('yesterday') };
    await expect(audit.find(invalid)).rejects.toThrow(new RangeError(`\`${name}\` must be a valid date`));
  });

  it.each([0, -1, 1001, 1.5, NaN])('refuses pages of %d', async (limit) => {
    await expect(audit.find({ limit })).rejects.toThrow(RangeError);
  });

  it('is read a hundred at a time unless more are asked for, a thousand at most', async () => {
    await dataSource.getRepository(MfaAuditEntry).insert(
      Array.from({ length: 101 }, () => ({
        id: sortableId(clock.now()),
        type: 'mfa.session.started' as const,
        at: new Date(clock.now()),
        userId: 'ada',
        actorType: 'user' as const,
        data: {},
      })),
    );
    const { entries, next } = await audit.find();
    expect(entries).toHaveLength(100);
    expect(next).toBe(entries[99]?.id);
    expect((await audit.find({ limit: 1000 })).entries).toHaveLength(101);
  });

  it('has entries whose data nobody can read, as empty ones', async () => {
    await write(['ada', 'mfa.session.started'], ['ada', 'mfa.session.ended']);
    const [older, newer] = (await audit.find()).entries.reverse();
    const setData = (id: string | undefined, data: string) =>
      dataSource.query(`UPDATE mfa_audit_entry SET data = '${data}' WHERE id = '${id}'`);
    await setData(older?.id, '{');
    await setData(newer?.id, 'null');
    expect((await audit.find()).entries.map(({ data }) => data)).toEqual([{}, {}]);
    await setData(older?.id, '"text"');
    expect((await audit.find()).entries.map(({ data }) => data)).toEqual([{}, {}]);
  });

  it('loses what is older than its days, and no more, in batches', async () => {
    const start = await writeFive();
    clock.advance(30 * DAY - 5 + 3);
    expect(await audit.purge()).toBe(3);
    expect(await find()).toBe('54');
    expect(await audit.purge()).toBe(0);
    expect((await audit.find()).entries[1]?.id.slice(0, 13)).toBe(firstIdAt(start + 3000).slice(0, 13));
    clock.advance(2);
    expect(await audit.purge()).toBe(2);
  });
});
