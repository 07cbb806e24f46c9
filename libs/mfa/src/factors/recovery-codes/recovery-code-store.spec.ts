import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { RecoveryCodeStore } from './recovery-code-store.js';
import { RecoveryCode } from './recovery-code.entity.js';

const NOW = new Date(1_800_000_000_000);
const LATER = new Date(NOW.getTime() + 1000);
const KEYS: Record<string, Buffer> = { current: Buffer.alloc(32, 1), former: Buffer.alloc(32, 2) };
const CODES = ['11112222', '33334444'];

describe('the store of recovery codes', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let store: RecoveryCodeStore;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(RecoveryCode, Authenticator));
    const options = {
      recoveryCodes: { format: { alphabet: 'digits', length: 9 } },
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never;
    storage = new MfaStorage(dataSource, options);
    /** Claims nothing, but shows that it is part of the commit. */
    const claim = { claim: 'key', query: { getQueryAndParameters: () => ['SELECT 1', []] } };
    const keys = {
      current: () => Promise.resolve({ id: 'current', key: KEYS['current'], claim }),
      find: (id: string) => Promise.resolve(KEYS[id]),
    };
    store = new RecoveryCodeStore(storage, keys as never, options);
  });
  beforeEach(async () => {
    for (const entity of [RecoveryCode, Authenticator])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
  });
  afterAll(() => close());

  /** Stores codes, and returns what was planned. */
  const insert = async (userId = 'ada', codes = CODES, usedAt: Date | null = null) => {
    const planned = await store.planInsertion(
      userId,
      NOW,
      codes.map((code) => ({ code, usedAt })),
    );
    // Without the claim, since that is not the store's own.
    for (const { query } of planned.writes.slice(0, 1)) await storage.write(query);
    return planned;
  };
  const use = async (code: string, { userId = 'ada', keyId = 'current' } = {}) =>
    storage.write(await store.claim(userId, keyId, code, LATER));
  const left = async (userId = 'ada') =>
    (await store.find(userId)).filter(({ isUsed }) => !isUsed).map(({ codeHash }) => codeHash);

  it('plans as many codes of the form of the options as it is asked for', async () => {
    const { codes, keyId, writes } = await store.plan('ada', NOW, 3);
    expect(codes).toHaveLength(3);
    for (const code of codes) expect(code).toMatch(/^\d{9}$/);
    expect(keyId).toBe('current');
    for (const { query } of writes.slice(0, 1)) await storage.write(query);
    for (const code of codes) expect(await use(code)).toBe(1);
  });

  it('commits them together with the claim that their key is still the current one', async () => {
    expect((await insert()).writes.map(({ claim }) => claim)).toEqual([undefined, 'key']);
  });

  it('stores hashes, each with the moment of its creation', async () => {
    await insert();
    const found = await store.find('ada');
    expect(found).toHaveLength(2);
    for (const row of found) {
      expect(row).toMatchObject({ userId: 'ada', createdAt: NOW, usedAt: null });
      expect(row.codeHash).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(found.map(({ codeHash }) => codeHash)).toEqual(found.map(({ codeHash }) => codeHash).sort());
  });

  it('finds and removes those of that user only', async () => {
    await insert('ada');
    await insert('bob');
    await storage.commit([store.planRemoval('ada')]);
    expect(await store.find('ada')).toEqual([]);
    expect(await store.find('bob')).toHaveLength(2);
  });

  it('uses up a code once, whose hash changes', async () => {
    await insert();
    const before = await left();
    expect(await use('1111-2222')).toBe(1);
    expect(await use('11112222')).toBe(0);
    const used = (await store.find('ada')).filter(({ isUsed }) => isUsed);
    expect(used).toMatchObject([{ usedAt: LATER }]);
    expect(before).not.toContain(used[0]?.codeHash);
    expect(await left()).toHaveLength(1);
  });

  it('does not take it again after its mark was cleared in the database', async () => {
    await insert();
    await use('11112222');
    await dataSource.getRepository(RecoveryCode).update({ userId: 'ada' }, { usedAt: null });
    expect(await use('11112222')).toBe(0);
    expect(await use('33334444')).toBe(1);
  });

  it('takes none of another user, or under another key', async () => {
    await insert('ada');
    await insert('bob', ['55556666']);
    expect(await use('55556666')).toBe(0);
    expect(await use('11112222', { keyId: 'former' })).toBe(0);
    expect(await use('00000000')).toBe(0);
    expect(await left()).toHaveLength(2);
  });

  it('imports used codes as used', async () => {
    await insert('ada', ['11112222'], LATER);
    expect(await store.find('ada')).toMatchObject([{ usedAt: LATER }]);
    await dataSource.getRepository(RecoveryCode).update({ userId: 'ada' }, { usedAt: null });
    expect(await use('11112222')).toBe(0);
  });

  it('removes those whose set is gone', async () => {
    for (const userId of ['ada', 'bob', 'eve']) await insert(userId);
    const rowOf = (userId: string, type: string) =>
      newAuthenticator({ id: userId, userId, type: type as never, name: 'A row', createdAt: NOW });
    await dataSource
      .getRepository(Authenticator)
      .insert([rowOf('ada', 'recovery_codes'), rowOf('eve', 'totp')]);
    await store.removeOrphans();
    expect(await store.find('ada')).toHaveLength(2);
    expect([...(await store.find('bob')), ...(await store.find('eve'))]).toEqual([]);
  });
});
