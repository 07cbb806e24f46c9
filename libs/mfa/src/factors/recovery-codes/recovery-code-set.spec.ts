import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { RecoveryCodeSet } from './recovery-code-set.js';

const NOW = 1_800_000_000_000;
const USER = { id: 'ada' };
const FORMER = [{ removes: 'row' }, { removes: 'codes of ada' }];

let dataSource: DataSource;

interface World {
  supportedTypes?: string[];
  isLost?: boolean;
  keyId?: string;
}

function prepare({ supportedTypes = ['recovery_codes'], isLost = false, keyId = 'key-1' }: World = {}) {
  const planned: unknown[] = [];
  const set = new RecoveryCodeSet(
    {
      plan: (userId: string, now: Date, count: number) => {
        planned.push([userId, now, count]);
        const codes = Array.from({ length: count }, (_, index) => `code ${index}`);
        return Promise.resolve({ codes, keyId, writes: ['codes', 'claim'] });
      },
      planInsertion: (userId: string, now: Date, codes: object[]) => {
        planned.push([userId, now, codes]);
        return Promise.resolve({ keyId, writes: ['codes', 'claim'] });
      },
      planRemoval: (userId: string) => ({ removes: `codes of ${userId}` }),
      removeOrphans: () => Promise.resolve(void planned.push('orphans removed')),
    } as never,
    { isCurrentLost: () => Promise.resolve(isLost) } as never,
    { planInsertion: ({ id }: Authenticator) => ({ inserts: id }) } as never,
    { dataSource } as never,
    {
      generateAuthenticatorName: ({ id }: { id: string }, type: string) =>
        Promise.resolve(`${type} of ${id}`),
    } as never,
    { supportedTypes, recoveryCodes: { count: 10 } } as never,
    { now: () => NOW },
  );
  return { set, planned };
}

/** The statements in order, of which only the removal of the row is the set's own. */
const shown = (writes: readonly unknown[]) =>
  writes.map((write) => ((write as { query?: unknown }).query ? { removes: 'row' } : write));

describe('a set of recovery codes', () => {
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator));
  });
  afterAll(() => close());

  it('takes the place of a former one, with a row that says how many there are', async () => {
    const { set, planned } = prepare();
    const { codes, authenticator, writes } = await set.planReplacement(USER, 3);
    expect(codes).toEqual(['code 0', 'code 1', 'code 2']);
    expect(authenticator).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userId: 'ada',
      type: 'recovery_codes',
      name: 'recovery_codes of ada',
      data: 'key-1',
      createdAt: new Date(NOW),
      lastUsedAt: null,
      remaining: 3,
    });
    expect(shown(writes)).toEqual([...FORMER, { inserts: authenticator.id }, 'codes', 'claim']);
    expect(planned).toEqual([['ada', new Date(NOW), 3]]);
  });

  it('has as many codes as the options say, unless it is told', async () => {
    expect((await prepare().set.planReplacement(USER)).codes).toHaveLength(10);
  });

  it('names no key where that is the first one', async () => {
    const { set } = prepare({ keyId: 'recovery-codes' });
    expect((await set.planReplacement(USER)).authenticator.data).toBe('');
  });

  it('is imported with the codes that were used', async () => {
    const { set, planned } = prepare();
    const codes = [null, new Date(0), null].map((usedAt, index) => ({ code: `code ${index}`, usedAt }));
    const { authenticator, writes } = await set.planImport(USER, codes);
    expect(authenticator).toMatchObject({ remaining: 2, data: 'key-1', createdAt: new Date(NOW) });
    expect(shown(writes)).toEqual([...FORMER, { inserts: authenticator.id }, 'codes', 'claim']);
    expect(planned).toEqual([['ada', new Date(NOW), codes]]);
  });

  it.each<[World, boolean]>([
    [{}, true],
    [{ isLost: true }, false],
    [{ supportedTypes: ['totp'] }, false],
  ])('is given in %j: %s', async (world, areGiven) => {
    const { set } = prepare(world);
    await expect(set.areGiven()).resolves.toBe(areGiven);
    await expect(set.isLost()).resolves.toBe(world.isLost ?? false);
  });

  it('is removed with its codes, and nothing else', async () => {
    const rows = dataSource.getRepository(Authenticator);
    const rowOf = (userId: string, type: string) =>
      newAuthenticator({
        id: `${type} of ${userId}`,
        userId,
        type: type as never,
        name: 'A row',
        createdAt: new Date(NOW),
      });
    await rows.insert([rowOf('ada', 'recovery_codes'), rowOf('ada', 'totp'), rowOf('bob', 'recovery_codes')]);
    const [row, ...codes] = prepare().set.planRemoval('ada');
    expect(codes).toEqual([{ removes: 'codes of ada' }]);
    const options = { storage: { timeoutSeconds: 5, preparedStatements: false } } as never;
    await new MfaStorage(dataSource, options).commit(row ? [row] : []);
    const left = (await rows.find()).map(({ id }) => id).sort();
    expect(left).toEqual(['recovery_codes of bob', 'totp of ada']);
  });

  it('leaves no codes behind', async () => {
    const { set, planned } = prepare();
    await set.removeOrphans();
    expect(planned).toEqual(['orphans removed']);
  });
});
