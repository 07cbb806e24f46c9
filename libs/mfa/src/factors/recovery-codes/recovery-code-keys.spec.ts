import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MfaEnvelopeError } from '../../core/crypto/envelope.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { KeyStore } from '../../engine/keys/key-store.js';
import { KeyServiceError, KeyWrapper } from '../../engine/keys/key-wrapper.js';
import { MfaStoredKey } from '../../engine/keys/stored-key.entity.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { LostRecoveryCodeKeyError, RecoveryCodeKeys, dataOf, keyIdOf } from './recovery-code-keys.js';
import { RecoveryCode } from './recovery-code.entity.js';

const NOW = 1_800_000_000_000;
const FIRST = 'recovery-codes';
const options = { storage: { timeoutSeconds: 5, preparedStatements: false } } as never;
const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);

/** A key service that doesn't answer. */
class AwayAdapter extends DefaultMfaAdapter {
  override encrypt(): Promise<string> {
    return Promise.reject(new Error('away'));
  }
  override decrypt(): Promise<string> {
    return Promise.reject(new Error('away'));
  }
}

describe('the keys of recovery codes', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaStoredKey, RecoveryCode, Authenticator));
    storage = new MfaStorage(dataSource, options);
  });
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  beforeEach(async () => {
    for (const entity of [MfaStoredKey, RecoveryCode, Authenticator])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
  });
  afterEach(() => void error.mockClear());
  afterAll(async () => {
    error.mockRestore();
    await close();
  });

  /** Another instance, which has seen no key yet. */
  const instance = (adapter = new DefaultMfaAdapter(), now = NOW) => {
    const wrapper = new KeyWrapper(adapter, keyRing, options);
    return new RecoveryCodeKeys(new KeyStore(storage), wrapper, storage, { now: () => now });
  };
  const away = () => instance(new AwayAdapter());
  const rows = () => dataSource.getRepository(MfaStoredKey);
  const ids = async () => (await rows().find({ order: { id: 'ASC' } })).map(({ id }) => id);
  const lose = (id: string) => rows().delete({ id });
  const damage = (id: string) => rows().update({ id }, { data: 'v1.damaged' });
  const addCode = () =>
    dataSource
      .getRepository(RecoveryCode)
      .insert({ userId: 'ada', codeHash: 'hash', createdAt: new Date(NOW), usedAt: null });
  const addSet = (userId: string, keyId: string, changed: Partial<Authenticator> = {}) =>
    dataSource.getRepository(Authenticator).insert(
      newAuthenticator({
        id: `set-${userId}`,
        userId,
        type: 'recovery_codes',
        name: 'Codes',
        data: dataOf(keyId),
        createdAt: new Date(NOW),
        remaining: 1,
        ...changed,
      }),
    );
  /** Replaces the key at that time. */
  const replace = async (now = NOW) => {
    const { id, writes } = await instance(undefined, now).planReplacement();
    await storage.commit(writes);
    return id;
  };
  /** A row that says it is a key, and can't be opened. */
  const addForeign = (id: string) => rows().insert({ id, data: 'foreign', retiredAt: null });

  it('are named in sets, except the first one', () => {
    for (const id of [FIRST, `${FIRST}:1`]) expect(keyIdOf({ data: dataOf(id) })).toBe(id);
    expect(dataOf(FIRST)).toBe('');
  });

  describe('for new sets', () => {
    it('are made once for all instances', async () => {
      const made = await instance().current();
      expect([made.id, made.key.length]).toEqual([FIRST, 32]);
      expect(await instance().current()).toMatchObject({ id: made.id, key: made.key });
      expect(await ids()).toEqual([FIRST]);
    });

    it('are claimed, so that a set under one that was replaced is planned anew', async () => {
      const keys = instance();
      const { claim } = await keys.current();
      await expect(storage.commit([claim])).resolves.toMatchObject({ committed: true });
      const id = await replace();
      await expect(storage.commit([claim])).resolves.toEqual({ committed: false, lost: 'plan' });
      expect((await keys.current()).id).toBe(id);
    });

    it.each<[string, () => Promise<unknown>, string]>([
      ['codes have none any more', addCode, FIRST],
      ['it is damaged', async () => (await instance().current(), damage(FIRST)), FIRST],
      ['its successor is missing', async () => lose(await replace()), FIRST],
    ])('are not made if %s', async (_, happen, id) => {
      await happen();
      const before = await ids();
      const answer = instance().current();
      await expect(answer).rejects.toMatchObject({
        code: 'cannot_generate_recovery_codes',
        cause: { name: 'LostRecoveryCodeKeyError', message: expect.stringContaining(`row ${id} of`) },
      });
      expect(await ids()).toEqual(before);
      await expect(instance().isCurrentLost()).resolves.toBe(true);
      expect(error).toHaveBeenCalledWith(expect.stringContaining(`row ${id} of`));
      await expect(instance().examine()).resolves.toBe('lost');
    });

    it('wait for a key service that is away', async () => {
      const cause = expect.any(KeyServiceError);
      const unavailable = { code: 'storage_unavailable', cause };
      await expect(away().current()).rejects.toMatchObject(unavailable);
      await expect(away().isCurrentLost()).rejects.toMatchObject(unavailable);
    });

    it('hide no error that nobody expects', async () => {
      const unexpected = new Error('unexpected');
      const read = jest.spyOn(storage, 'read').mockRejectedValue(unexpected);
      const keys = instance();
      await expect(keys.current()).rejects.toBe(unexpected);
      await expect(keys.isCurrentLost()).rejects.toBe(unexpected);
      await expect(keys.preload()).rejects.toBe(unexpected);
      read.mockRestore();
    });

    it('are looked up each time, but known not to be lost once found', async () => {
      const keys = instance();
      await expect(keys.isCurrentLost()).resolves.toBe(false);
      await addCode();
      await lose(FIRST);
      const read = jest.spyOn(storage, 'read');
      await expect(keys.isCurrentLost()).resolves.toBe(false);
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
      await expect(keys.current()).rejects.toMatchObject({ code: 'cannot_generate_recovery_codes' });
      await expect(keys.isCurrentLost()).resolves.toBe(true);
    });
  });

  describe('of existing sets', () => {
    it('are found, and stay in memory', async () => {
      const { key } = await instance().current();
      const keys = instance();
      await expect(keys.find(FIRST)).resolves.toEqual(key);
      await lose(FIRST);
      await expect(keys.find(FIRST)).resolves.toEqual(key);
      await expect(keys.isLost(FIRST)).resolves.toBe(false);
      expect(error).not.toHaveBeenCalled();
    });

    it('are lost when they are missing, until they are back', async () => {
      const { key } = await instance().current();
      const [row] = await rows().find();
      await lose(FIRST);
      const keys = instance();
      await expect(keys.find(FIRST)).rejects.toBeInstanceOf(LostRecoveryCodeKeyError);
      await expect(keys.isLost(FIRST)).resolves.toBe(true);
      expect(error).toHaveBeenCalledWith(expect.stringContaining('row recovery-codes of'));
      await rows().insert(row as MfaStoredKey);
      await expect(keys.find(FIRST)).resolves.toEqual(key);
    });

    it('are lost when they can no longer be opened, or have another id', async () => {
      await instance().current();
      const [row] = await rows().find();
      await rows().insert({ ...(row as MfaStoredKey), id: `${FIRST}:1` });
      const lost = (await instance()
        .find(`${FIRST}:1`)
        .catch((one: Error) => one)) as Error;
      expect([lost.name, lost.cause]).toEqual(['LostRecoveryCodeKeyError', expect.any(MfaEnvelopeError)]);
      await expect(instance().isLost(`${FIRST}:1`)).resolves.toBe(true);
    });

    it('are not lost while the key service is away', async () => {
      await addForeign(FIRST);
      await expect(away().find(FIRST)).rejects.toBeInstanceOf(KeyServiceError);
      await expect(away().isLost(FIRST)).rejects.toBeInstanceOf(KeyServiceError);
    });
  });

  describe('at the boot', () => {
    it('are none where there are no codes, and none is made', async () => {
      await addForeign('secret:1');
      await expect(instance().examine()).resolves.toBe('none');
      expect(await ids()).toEqual(['secret:1']);
    });

    it.each([
      'recovery-codes:',
      'recovery-codes:x',
      'recovery-codes:1x',
      'my-recovery-codes',
      `recovery-codes:${'1'.repeat(16)}`,
    ])('are not rows like %s', async (id) => {
      await addForeign(id);
      await expect(instance().examine()).resolves.toBe('none');
    });

    it('are readable, with codes or without', async () => {
      await instance().current();
      await expect(instance().examine()).resolves.toBe('readable');
      await addCode();
      await expect(instance().examine()).resolves.toBe('readable');
    });

    it('are all opened before they are needed', async () => {
      await instance().current();
      const id = await replace();
      const keys = instance();
      await keys.preload();
      await rows().clear();
      await expect(keys.find(FIRST)).resolves.toHaveLength(32);
      await expect(keys.find(id)).resolves.toHaveLength(32);
      await expect(keys.isCurrentLost()).resolves.toBe(false);
    });

    it('are not waited for', async () => {
      await addForeign(FIRST);
      await expect(away().preload()).resolves.toBeUndefined();
    });
  });

  describe('that are replaced', () => {
    it('are retired, and the new one is the current one', async () => {
      await instance().current();
      const id = await replace();
      expect(id).toBe(`${FIRST}:${NOW}`);
      expect((await instance().current()).id).toBe(id);
      expect(await rows().findOneBy({ id: FIRST })).toMatchObject({ retiredAt: new Date(NOW) });
      expect(await rows().findOneBy({ id })).toMatchObject({ retiredAt: null });
    });

    it('are older than their successors, even if clocks differ', async () => {
      await replace(NOW);
      expect(await replace(NOW - 5000)).toBe(`${FIRST}:${NOW + 1}`);
      expect(await replace(NOW + 1)).toBe(`${FIRST}:${NOW + 2}`);
      expect((await instance().current()).id).toBe(`${FIRST}:${NOW + 2}`);
      expect(await ids()).toHaveLength(4);
    });

    it('are current by their age, not by their place in the table', async () => {
      await instance().current();
      const id = await replace();
      const former = await rows().findOneByOrFail({ id: FIRST });
      await lose(FIRST);
      await rows().insert(former);
      expect((await instance().current()).id).toBe(id);
    });

    it('are replaced by one of two instances', async () => {
      await instance().current();
      const [one, two] = [
        await instance().planReplacement(),
        await instance(undefined, NOW + 1).planReplacement(),
      ];
      await expect(storage.commit(one.writes)).resolves.toMatchObject({ committed: true });
      const lost = { committed: false, lost: 'recovery-code-key' };
      await expect(storage.commit(two.writes)).resolves.toEqual(lost);
      expect(await ids()).toEqual([FIRST, one.id]);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['is gone', addCode],
      ['was retired already', async () => lose(await replace())],
    ])('make way for a new one if the former %s', async (_, happen) => {
      await happen();
      const id = await replace(NOW + 1);
      expect((await instance().current()).id).toBe(id);
    });

    it('are kept as long as a set has codes left', async () => {
      await instance().current();
      const second = await replace(NOW);
      const current = await replace(NOW + 1);
      await addSet('ada', FIRST);
      await addSet('bob', second, { remaining: 0 });
      await addSet('eve', second, { type: 'totp' });
      await addSet('fay', current);
      await expect(instance().countFormerSets()).resolves.toBe(1);
      await expect(instance().removeUnused()).resolves.toBe(1);
      expect(await ids()).toEqual([FIRST, current]);
      await dataSource.getRepository(Authenticator).delete({ userId: 'ada' });
      await expect(instance().countFormerSets()).resolves.toBe(0);
      await expect(instance().removeUnused()).resolves.toBe(1);
      await expect(instance().removeUnused()).resolves.toBe(0);
      expect(await ids()).toEqual([current]);
    });

    it('have no sets if there is no key', async () => {
      await addSet('ada', `${FIRST}:1`);
      await expect(instance().countFormerSets()).resolves.toBe(0);
    });
  });
});
