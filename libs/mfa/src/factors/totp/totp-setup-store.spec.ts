import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { TotpSetup, TotpSetupStore } from './totp-setup-store.js';
import { writeParameters } from './totp.factor.js';

const NOW = 1_800_000_000_000;
const DATA = writeParameters({ secret: 'A'.repeat(32), algorithm: 'sha1', digits: 6, period: 30 });
const options = { storage: { timeoutSeconds: 5, preparedStatements: false } } as never;

/** Shows in the text what it is bound to. */
const adapter = {
  encrypt: (text: string, context: object) => JSON.stringify({ text, context }),
  decrypt: (text: string, context: object) => {
    const sealed = JSON.parse(text) as { text: string; context: object };
    if (JSON.stringify(sealed.context) === JSON.stringify(context)) return sealed.text;
    throw new Error('moved');
  },
};

/** A set-up that Ada has begun in her session. */
const begun = (changed: Partial<TotpSetup> = {}): TotpSetup => ({
  userId: 'ada',
  id: 'setup-1',
  data: DATA,
  sessionId: 'session-1',
  replacesId: 'app-1',
  expiresAt: new Date(NOW + 1000),
  ...changed,
});

describe('the store of unfinished set-ups', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(TotpSetup));
    storage = new MfaStorage(dataSource, options);
  });
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  afterAll(() => error.mockRestore());
  beforeEach(() => dataSource.createQueryBuilder().delete().from(TotpSetup).execute());
  afterAll(() => close());

  const storeWith = (changed: object = {}, now = NOW) =>
    new TotpSetupStore(storage, new FactorData({ ...adapter, ...changed } as never), { now: () => now });
  const begin = async (...setups: TotpSetup[]) => {
    for (const setup of setups) await storage.commit([await storeWith().planReplacement(setup)]);
  };
  const found = (sessionId: string | null = 'session-1', userId = 'ada', now = NOW) =>
    storeWith({}, now).find(userId, sessionId);
  const owners = async () =>
    (await dataSource.getRepository(TotpSetup).find()).map(({ userId }) => userId).sort();

  it('finds the set-up of that user and session only', async () => {
    await begin(begun(), begun({ userId: 'bob', id: 'setup-2', sessionId: null, replacesId: null }));
    expect(await found()).toMatchObject({ ...begun(), data: expect.any(String) });
    expect(await found('session-2')).toBeNull();
    expect(await found(null)).toBeNull();
    expect(await found(null, 'bob')).toMatchObject({ id: 'setup-2', sessionId: null, replacesId: null });
    expect(await found('session-1', 'bob')).toBeNull();
    expect(await found('session-1', 'eve')).toBeNull();
  });

  it('finds none from the moment in which it expires', async () => {
    await begin(begun());
    expect(await found('session-1', 'ada', NOW + 999)).not.toBeNull();
    expect(await found('session-1', 'ada', NOW + 1000)).toBeNull();
  });

  it('replaces all of an earlier set-up of the user', async () => {
    const second = begun({
      id: 'setup-2',
      data: DATA.replace('sha1', 'sha256'),
      sessionId: 'session-2',
      replacesId: null,
      expiresAt: new Date(NOW + 2000),
    });
    await begin(begun(), second);
    const setup = (await found('session-2')) as TotpSetup;
    expect({ ...setup, data: await storeWith().open(setup) }).toEqual(second);
    expect(await owners()).toEqual(['ada']);
  });

  it('encrypts the secret, bound to user and set-up', async () => {
    await begin(begun());
    const setup = (await found()) as TotpSetup;
    expect(JSON.parse(setup.data)).toEqual({
      text: DATA,
      context: { purpose: 'totp', userId: 'ada', recordId: 'setup-1' },
    });
    await expect(storeWith().open(setup)).resolves.toBe(DATA);
    for (const moved of [{ userId: 'bob' }, { id: 'setup-2' }])
      await expect(storeWith().open({ ...setup, ...moved })).resolves.toBeNull();
  });

  it.each<[string, object]>([
    ['is no TOTP', { decrypt: () => '{}' }],
    ['was lost', { decrypt: () => Promise.reject(new Error('lost')) }],
  ])('opens nothing that %s, and logs it', async (_, changed) => {
    await expect(storeWith(changed).open(begun())).resolves.toBeNull();
    expect(error).toHaveBeenLastCalledWith(expect.stringContaining("The set-up setup-1 can't be read"));
  });

  it('says so when the key service is away, since the set-up is not lost', async () => {
    const away = new MfaException('storage_unavailable');
    const store = storeWith({ decrypt: () => Promise.reject(away) });
    await expect(store.open(begun())).rejects.toBe(away);
  });

  it('lets one request complete a set-up, unless it was replaced', async () => {
    await begin(begun(), begun({ userId: 'bob' }));
    const complete = (id: string) => storage.commit([storeWith().claim(begun({ id }))]);
    const lost = { committed: false, lost: 'totp-setup' };
    await expect(complete('setup-2')).resolves.toEqual(lost);
    await expect(complete('setup-1')).resolves.toMatchObject({ committed: true });
    await expect(complete('setup-1')).resolves.toEqual(lost);
    expect(await owners()).toEqual(['bob']);
  });

  it('removes the set-up of that user only', async () => {
    await begin(begun(), begun({ userId: 'bob' }));
    await storage.commit([storeWith().planRemoval('ada')]);
    expect(await owners()).toEqual(['bob']);
  });
});
