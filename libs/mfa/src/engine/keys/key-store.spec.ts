import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { KeyStore } from './key-store.js';
import { MfaStoredKey } from './stored-key.entity.js';

const options = { storage: { timeoutSeconds: 5, preparedStatements: false } } as never;
const AT = new Date(1_800_000_000_000);
const LOST = { committed: false, lost: 'a claim' };
const WON = { committed: true, affected: [1] };

describe('the table of keys', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let store: KeyStore;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaStoredKey));
    storage = new MfaStorage(dataSource, options);
    store = new KeyStore(storage);
  });
  beforeEach(async () => {
    await dataSource.createQueryBuilder().delete().from(MfaStoredKey).execute();
    for (const id of ['one', 'two']) await store.add(id, `data of ${id}`);
  });
  afterAll(() => close());

  const all = async () =>
    Object.fromEntries(
      (await store.list()).map(({ id, data, retiredAt }) => [id, retiredAt ? [data, retiredAt] : data]),
    );
  const ONE_AND_TWO = { one: 'data of one', two: 'data of two' };

  it('is read as a whole and by id', async () => {
    expect(await all()).toEqual(ONE_AND_TWO);
    expect([await store.find('two'), await store.find('three')]).toEqual(['data of two', null]);
    await store.add('a secret', '');
    expect(await store.find('a secret')).toBe('');
  });

  it('keeps the first of two keys with one id', async () => {
    await store.add('one', 'late');
    expect(await store.find('one')).toBe('data of one');
  });

  it('lets a claim to add a key win once', async () => {
    await expect(storage.commit([store.planAddition('three', 'x', 'a claim')])).resolves.toEqual(WON);
    await expect(storage.commit([store.planAddition('three', 'y', 'a claim')])).resolves.toEqual(LOST);
    expect(await all()).toEqual({ ...ONE_AND_TWO, three: 'x' });
  });

  it('retires a key once, after which nothing new can use it', async () => {
    await expect(storage.commit([store.planUse('one', 'a claim')])).resolves.toEqual(WON);
    expect(await all()).toEqual(ONE_AND_TWO);
    await expect(storage.commit([store.planRetirement('one', AT, 'a claim')])).resolves.toEqual(WON);
    const retired = { ...ONE_AND_TWO, one: ['data of one', AT] };
    expect(await all()).toEqual(retired);
    const late = new Date(AT.getTime() + 1);
    await expect(storage.commit([store.planRetirement('one', late, 'a claim')])).resolves.toEqual(LOST);
    await expect(storage.commit([store.planUse('one', 'a claim')])).resolves.toEqual(LOST);
    await expect(storage.commit([store.planUse('two', 'a claim')])).resolves.toEqual(WON);
    expect(await all()).toEqual(retired);
  });

  it('removes a retired key that nothing needs, and no other', async () => {
    const neededBy = (data: string) =>
      dataSource.createQueryBuilder(MfaStoredKey, 'n').select('1').where('n.data = :data', { data });
    const remove = (id: string, data = 'nothing') =>
      storage.write(store.planRemovalUnless(id, neededBy(data)));
    expect(await remove('one')).toBe(0);
    for (const id of ['one', 'two']) await storage.commit([store.planRetirement(id, AT, 'a claim')]);
    expect(await remove('one', 'data of two')).toBe(0);
    expect(await remove('one')).toBe(1);
    expect(Object.keys(await all())).toEqual(['two']);
  });

  it('replaces a key as it was read, and not one that was replaced since', async () => {
    const seen = { id: 'one', data: 'data of one' };
    await store.replace(seen, 'new');
    expect(await all()).toEqual({ ...ONE_AND_TWO, one: 'new' });
    await store.replace(seen, 'late');
    expect(await all()).toEqual({ ...ONE_AND_TWO, one: 'new' });
  });

  it('removes the key of that id', async () => {
    await store.remove('one');
    expect(await all()).toEqual({ two: 'data of two' });
  });
});
