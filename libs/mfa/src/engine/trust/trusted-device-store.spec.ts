import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { TrustedDeviceStore } from './trusted-device-store.js';
import { TrustedDevice } from './trusted-device.entity.js';

const NOW = 1_800_000_000_000;
const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const options = {
  trustedDevices: { maxPerUser: 3 },
  storage: { timeoutSeconds: 5, preparedStatements: false },
} as never;

const hashOf = (letter: string) => letter.repeat(64);

/** A browser of Ada's that was trusted that many seconds ago. */
const browser = (
  id: string,
  changed: Partial<TrustedDevice> = {},
  age = 60,
): Omit<TrustedDevice, 'seal'> => ({
  id,
  userId: 'ada',
  tokenHash: hashOf('a'),
  formerTokenHash: null,
  olderTokens: null,
  userAgent: 'Firefox',
  ip: '192.0.2.1',
  createdAt: new Date(NOW - age * 1000),
  lastUsedAt: null,
  expiresAt: new Date(NOW + 3_600_000),
  ...changed,
});

const USE = {
  tokenHash: hashOf('b'),
  lastUsedAt: new Date(NOW),
  ip: '198.51.100.7',
  userAgent: 'Firefox, updated',
};

describe('the store of trusted browsers', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let store: TrustedDeviceStore;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(TrustedDevice));
    storage = new MfaStorage(dataSource, options);
    store = new TrustedDeviceStore(storage, keyRing, options);
  });
  beforeEach(() => dataSource.createQueryBuilder().delete().from(TrustedDevice).execute());
  afterAll(() => close());

  const trust = async (...browsers: Omit<TrustedDevice, 'seal'>[]) => {
    for (const one of browsers) await storage.commit(store.planInsertion(one));
  };
  const found = async (userId = 'ada', now = NOW) => (await store.find(userId, now)).map(({ id }) => id);
  const read = async (id: string) => dataSource.getRepository(TrustedDevice).findOneByOrFail({ id });
  const stored = async () =>
    (await dataSource.getRepository(TrustedDevice).find()).map(({ id }) => id).sort();
  const LOST = { committed: false, lost: 'trusted-device' };

  it('finds the browsers of that user only, newest first', async () => {
    await trust(browser('old', {}, 90), browser('new', {}, 10), browser('eve', { userId: 'eve' }));
    expect(await found()).toEqual(['new', 'old']);
    expect(await found('eve')).toEqual(['eve']);
    expect((await store.find('ada', NOW))[0]).toMatchObject(browser('new', {}, 10));
  });

  it('finds none from the moment in which its trust ends', async () => {
    await trust(browser('short', { expiresAt: new Date(NOW) }));
    expect(await found('ada', NOW - 1)).toEqual(['short']);
    expect(await found('ada', NOW)).toEqual([]);
  });

  it('finds none that was written to the table by hand', async () => {
    await trust(browser('moved'), browser('prolonged'), browser('genuine'));
    const rows = dataSource.getRepository(TrustedDevice);
    await rows.update('moved', { userId: 'eve' });
    await rows.update('prolonged', { expiresAt: new Date(NOW + 7_200_000) });
    expect(await found()).toEqual(['genuine']);
    expect(await found('eve')).toEqual([]);
  });

  it('reads no more than a user may have, even if there are more', async () => {
    await trust(...[40, 30, 20, 10].map((age) => browser(`of-${age}`, {}, age)));
    await dataSource.getRepository(TrustedDevice).save({ ...(await read('of-10')), id: 'surplus' });
    expect(await stored()).toHaveLength(4);
    expect(await found()).not.toContain('of-30');
  });

  it('removes the oldest ones beyond the limit, whatever browsers other users have', async () => {
    const OTHERS = ['eve-1', 'eve-2', 'eve-3'];
    await trust(...OTHERS.map((id) => browser(id, { userId: 'eve' }, 1)));
    // The ids are in the order of age, since that must not be the order of ids.
    await trust(browser('a', {}, 40), browser('b', {}, 30), browser('c', {}, 20), browser('d', {}, 10));
    expect(await stored()).toEqual(['b', 'c', 'd', ...OTHERS]);
  });

  it('keeps the same ones of several that are equally old', async () => {
    await trust(...['d', 'c', 'b', 'a'].map((id) => browser(id)));
    expect(await stored()).toEqual(['a', 'b', 'c']);
  });

  it('replaces the token at each use, and keeps the seal genuine', async () => {
    await trust(browser('used'), browser('other'));
    await expect(storage.commit([store.claimUse(await read('used'), USE, NOW)])).resolves.toMatchObject({
      committed: true,
    });
    expect(await read('used')).toMatchObject({
      ...USE,
      formerTokenHash: hashOf('a'),
      expiresAt: new Date(NOW + 3_600_000),
    });
    expect(await read('other')).toMatchObject({ tokenHash: hashOf('a'), lastUsedAt: null });
    expect(await found()).toEqual(expect.arrayContaining(['used', 'other']));
  });

  it('lets one of two uses of a token win', async () => {
    await trust(browser('used'));
    const seen = await read('used');
    await storage.commit([store.claimUse(seen, USE, NOW)]);
    const late = store.claimUse(seen, { ...USE, tokenHash: hashOf('c') }, NOW);
    await expect(storage.commit([late])).resolves.toEqual(LOST);
    expect((await read('used')).tokenHash).toBe(hashOf('b'));
  });

  it('refuses a use from the moment in which the trust ends', async () => {
    await trust(browser('short', { expiresAt: new Date(NOW) }));
    const seen = await read('short');
    await expect(storage.commit([store.claimUse(seen, USE, NOW)])).resolves.toEqual(LOST);
    await expect(storage.commit([store.claimUse(seen, USE, NOW - 1)])).resolves.toMatchObject({
      committed: true,
    });
  });

  it('revokes a browser as it was read, unless it was used since', async () => {
    await trust(browser('used'), browser('other'));
    const seen = await read('used');
    await storage.commit([store.claimUse(seen, USE, NOW)]);
    await expect(storage.commit([store.claimRevocation(seen)])).resolves.toEqual(LOST);
    expect(await stored()).toEqual(['other', 'used']);
    await storage.commit([store.claimRevocation(await read('used'))]);
    expect(await stored()).toEqual(['other']);
  });

  it('revokes a browser of its owner once, and never that of somebody else', async () => {
    await trust(browser('one'), browser('two'));
    await expect(storage.commit([store.planRevocation('eve', 'one')])).resolves.toEqual(LOST);
    expect(await stored()).toEqual(['one', 'two']);
    await storage.commit([store.planRevocation('ada', 'one')]);
    expect(await stored()).toEqual(['two']);
    await expect(storage.commit([store.planRevocation('ada', 'one')])).resolves.toEqual(LOST);
  });

  it('revokes all browsers of one user, before and after what is done in between', async () => {
    await trust(browser('one'), browser('two'), browser('eve', { userId: 'eve' }));
    const meanwhile = store.planInsertion(browser('meanwhile'));
    const writes = store.planRevocationAround('ada', meanwhile);
    const result = await storage.commit(writes);
    expect(result).toMatchObject({ committed: true, affected: [2, 1, 0, 1] });
    expect(await stored()).toEqual(['eve']);
  });
});
