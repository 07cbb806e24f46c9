import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { AccountsService } from './accounts.service.js';
import { AuthenticatorLock, AuthenticatorsService } from './authenticators.service.js';
import { FactorTables } from './factor-tables.js';

const NOW = 1_800_000_000_000;
const LOCK_AFTER = 3;
const HOUR = 3600;
const ago = (seconds: number) => new Date(NOW - seconds * 1000);

/** An authenticator app of Ada's, unless something else is said. */
const app = (id: string, changed: Partial<Authenticator> = {}): Authenticator =>
  newAuthenticator({
    id,
    userId: 'ada',
    type: 'totp',
    name: id,
    createdAt: ago(60),
    data: 'data',
    ...changed,
  });

/** What authenticators can be like, where they open an hour after they were locked. */
const OPEN: [string, Partial<Authenticator>][] = [
  ['new', {}],
  ['one failure before the cap', { failures: LOCK_AFTER - 1 }],
  ['locked exactly an hour ago', { failures: LOCK_AFTER, lockedAt: ago(HOUR) }],
];
const SUSPENDED: [string, Partial<Authenticator>] = ['suspended', { suspendedAt: ago(2 * HOUR) }];
const CLONED: [string, Partial<Authenticator>] = [
  'cloned, however long ago',
  { clonedAt: ago(2 * HOUR), lockedAt: ago(2 * HOUR) },
];
const CLOSED: [string, Partial<Authenticator>][] = [
  ['at the cap, without a record of when', { failures: LOCK_AFTER }],
  ['locked almost an hour ago', { failures: LOCK_AFTER, lockedAt: new Date(NOW - HOUR * 1000 + 1) }],
  SUSPENDED,
  CLONED,
];

describe('authenticators', () => {
  const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let lock: AuthenticatorLock;
  let authenticators: AuthenticatorsService;
  /** Changed by the tests that need it otherwise. */
  const unlock = { afterSeconds: HOUR, byOtherFactor: true };

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator, MfaUserState));
    const options = {
      storage: { timeoutSeconds: 5, preparedStatements: false },
      rateLimit: { lockAfter: LOCK_AFTER, unlock },
    } as never;
    storage = new MfaStorage(dataSource, options);
    lock = new AuthenticatorLock(storage, options);
    const accounts = new AccountsService(storage);
    const tables = new FactorTables([], storage);
    const clock = { now: () => NOW };
    authenticators = new AuthenticatorsService(storage, accounts, lock, tables, keyRing, clock);
  });
  beforeEach(async () => {
    Object.assign(unlock, { afterSeconds: HOUR, byOtherFactor: true });
    await dataSource.createQueryBuilder().delete().from(Authenticator).execute();
  });
  afterAll(() => close());

  const insert = (...rows: Authenticator[]) =>
    storage.commit(rows.map((row) => authenticators.planInsertion(row)));
  const read = (id: string) => dataSource.getRepository(Authenticator).findOneByOrFail({ id });
  /** Runs the statement, and says how many rows it changed; or which claim was lost. */
  const run = async (write: Write): Promise<unknown> => {
    const result = await storage.commit([write]);
    return result.committed ? result.affected[0] : result.lost;
  };

  describe('of a user', () => {
    it('are found oldest first, with recovery codes after a factor that is as old, and no other user’s', async () => {
      await dataSource.getRepository(MfaUserState).insert([{ userId: 'ada' }, { userId: 'eve' }]);
      await insert(
        app('young', { createdAt: ago(10) }),
        app('codes', { type: 'recovery_codes' }),
        app('old'),
        app('of-eve', { userId: 'eve' }),
      );
      const found = await authenticators.find('ada');
      expect(found.map(({ id }) => id)).toEqual(['old', 'codes', 'young']);
      expect(found[0]).toEqual({ ...app('old'), seal: expect.any(String) });
    });

    it('are none if nothing was ever stored for them', async () => {
      await expect(authenticators.find('nobody')).resolves.toEqual([]);
    });

    it('give the types that work now, in the order of all types', () => {
      const rows = [
        app('codes', { type: 'recovery_codes', remaining: 1 }),
        app('locked-key', { type: 'webauthn', failures: LOCK_AFTER }),
        app('locked', { failures: LOCK_AFTER }),
        app('open'),
        app('other'),
      ];
      expect(authenticators.usableTypes(rows)).toEqual(['totp', 'recovery_codes']);
    });

    it('do not give a type of which no proof is left', () => {
      expect(authenticators.usableTypes([app('codes', { type: 'recovery_codes', remaining: 0 })])).toEqual(
        [],
      );
    });
  });

  describe('that are inserted', () => {
    it('are genuine until somebody changes the row by hand', async () => {
      await insert(app('one'));
      expect(authenticators.isGenuine(await read('one'))).toBe(true);
      await dataSource.getRepository(Authenticator).update('one', { data: 'other data' });
      expect(authenticators.isGenuine(await read('one'))).toBe(false);
    });
  });

  it('that exist can be claimed without changing them, but not for another user', async () => {
    await insert(app('one'), app('two'));
    const before = await dataSource.getRepository(Authenticator).find();
    const claim = async (userId: string, id: string) =>
      storage.commit([authenticators.claimPresence({ ...app(id), userId })]);
    await expect(claim('ada', 'one')).resolves.toMatchObject({ committed: true });
    for (const [userId, id] of [
      ['eve', 'one'],
      ['ada', 'gone'],
    ] as const)
      await expect(claim(userId, id)).resolves.toEqual({ committed: false, lost: 'presence' });
    await expect(dataSource.getRepository(Authenticator).find()).resolves.toEqual(before);
  });

  describe('that are removed', () => {
    const remove = async (userId: string, ...rows: Authenticator[]) =>
      storage.commit(authenticators.planRemoval(userId, rows, rows));

    it('are gone, and no others are', async () => {
      await insert(app('one'), app('two'), app('three'));
      await expect(remove('ada', app('one'), app('two'))).resolves.toMatchObject({ committed: true });
      const left = await dataSource.getRepository(Authenticator).find();
      expect(left.map(({ id }) => id)).toEqual(['three']);
    });

    it.each([
      ['one of them is gone already', 'ada', 'gone'],
      ['they are another user’s', 'eve', 'one'],
    ])('stay if %s', async (_, userId, id) => {
      await insert(app('one'));
      await expect(remove(userId, app('one'), app(id))).resolves.toEqual({
        committed: false,
        lost: 'removal',
      });
      await expect(read('one')).resolves.toMatchObject({ id: 'one' });
    });
  });

  describe('that is replaced', () => {
    const CLAIM = { claim: 'own' } as Write;
    const ROWS = { query: 'rows' } as unknown as Write;
    const replace = (old: Authenticator) => {
      const removed: unknown[] = [];
      const tables = {
        planReplacement: (...given: unknown[]) => {
          removed.push(given);
          return [ROWS];
        },
      } as unknown as FactorTables;
      const service = new AuthenticatorsService(storage, {} as never, lock, tables, keyRing, {
        now: () => NOW,
      });
      return { writes: service.planReplacement(old, app('new'), [CLAIM], [old, app('other')]), removed };
    };

    it('is gone, and the new one is there before its factor’s tables are touched', async () => {
      const old = app('old');
      await insert(old);
      const { writes, removed } = replace(old);
      expect(writes.slice(2)).toEqual([CLAIM, ROWS]);
      expect(removed).toEqual([[old, [old, app('other')]]]);
      await expect(storage.commit(writes.slice(0, 2))).resolves.toMatchObject({ committed: true });
      const left = await dataSource.getRepository(Authenticator).find();
      expect(left.map(({ id }) => id)).toEqual(['new']);
      expect(authenticators.isGenuine(await read('new'))).toBe(true);
    });

    it.each([
      ['it is gone already', app('gone')],
      ['it is another user’s', app('old', { userId: 'eve' })],
    ])('keeps its place if %s', async (_, old) => {
      await insert(app('old'));
      await expect(storage.commit(replace(old).writes.slice(0, 2))).resolves.toEqual({
        committed: false,
        lost: 'removal',
      });
    });
  });

  /** Whether each of the ways to ask says that it is open: of what was read, and to use it or count against it. */
  const answers = async (changed: Partial<Authenticator>) => {
    const row = app('asked', changed);
    await insert(row);
    const used = await run(authenticators.claimUse(row, new Date(NOW)));
    await dataSource.getRepository(Authenticator).save(row);
    const counted = await run(lock.planFailures([row], NOW));
    return { read: !authenticators.isLocked(row), used: used === 1, counted: counted === 1 };
  };
  const IS_OPEN = { read: true, used: true, counted: true };
  const IS_CLOSED = { read: false, used: false, counted: false };

  describe('where locked ones open after an hour', () => {
    it.each(OPEN)('are open: %s', async (_, changed) => {
      await expect(answers(changed)).resolves.toEqual(IS_OPEN);
    });

    it.each(CLOSED)('are closed: %s', async (_, changed) => {
      await expect(answers(changed)).resolves.toEqual(IS_CLOSED);
    });

    it('have waited only if they were locked and are open again', () => {
      const hasWaited = (changed: Partial<Authenticator>) => authenticators.hasWaited(app('one', changed));
      expect(hasWaited({ failures: LOCK_AFTER, lockedAt: ago(HOUR) })).toBe(true);
      expect(hasWaited({ failures: LOCK_AFTER, lockedAt: ago(1) })).toBe(false);
      expect(hasWaited({ failures: LOCK_AFTER - 1 })).toBe(false);
    });
  });

  describe('where time opens nothing', () => {
    beforeEach(() => {
      unlock.afterSeconds = 0;
    });

    it('are open before the cap', async () => {
      await expect(answers({ failures: LOCK_AFTER - 1 })).resolves.toEqual(IS_OPEN);
    });

    it('are found where those that are not open are looked for', async () => {
      await insert(app('open'), app('locked', { failures: LOCK_AFTER, lockedAt: new Date(0) }));
      const { where, parameters } = lock.openCondition(NOW);
      const query = dataSource.createQueryBuilder(Authenticator, 'a').where(`NOT (${where})`, parameters);
      expect((await query.getMany()).map(({ id }) => id)).toEqual(['locked']);
    });

    it.each<[string, Partial<Authenticator>]>([
      ['locked, however long ago', { failures: LOCK_AFTER, lockedAt: new Date(0) }],
      SUSPENDED,
      CLONED,
    ])('are closed: %s', async (_, changed) => {
      await expect(answers(changed)).resolves.toEqual(IS_CLOSED);
    });
  });

  describe('that failed', () => {
    it('count it, each by itself, and no others do', async () => {
      await insert(app('new'), app('failed', { failures: 1 }), app('other'));
      expect(await run(lock.planFailures([app('new'), app('failed')], NOW))).toBe(2);
      const rows = await dataSource.getRepository(Authenticator).find();
      expect(Object.fromEntries(rows.map(({ id, failures }) => [id, failures]))).toEqual({
        new: 1,
        failed: 2,
        other: 0,
      });
    });

    it('start over once they have waited', async () => {
      await insert(app('waited', { failures: LOCK_AFTER, lockedAt: ago(HOUR) }));
      await run(lock.planFailures([app('waited')], NOW));
      expect(await read('waited')).toMatchObject({ failures: 1, lockedAt: null });
    });
  });

  describe('that are locked', () => {
    it('are those at the cap, however long ago, and those that were cloned', () => {
      const hasTripped = (changed: Partial<Authenticator>) => lock.hasTripped(app('one', changed));
      expect(hasTripped({ failures: LOCK_AFTER, lockedAt: new Date(0) })).toBe(true);
      expect(hasTripped({ clonedAt: ago(1) })).toBe(true);
      expect(hasTripped({ failures: LOCK_AFTER - 1 })).toBe(false);
    });

    it('are so at the cap and not before, and tell one caller that they are', async () => {
      await insert(app('below', { failures: LOCK_AFTER - 1 }), app('at', { failures: LOCK_AFTER }));
      expect(await run(lock.claimClosing(app('below'), new Date(NOW)))).toBe('lock');
      expect(await run(lock.claimClosing(app('at'), new Date(NOW)))).toBe(1);
      expect(await run(lock.claimClosing(app('at'), new Date(NOW + 1)))).toBe('lock');
      expect((await read('at')).lockedAt).toEqual(new Date(NOW));
      expect((await read('below')).lockedAt).toBeNull();
    });

    it('as cloned, are so once, however few failures they have', async () => {
      await insert(app('copied'), app('other'));
      expect(await run(lock.claimCloned(app('copied'), new Date(NOW)))).toBe(1);
      expect(await run(lock.claimCloned(app('copied'), new Date(NOW + 1)))).toBe('lock');
      const at = new Date(NOW);
      expect(await read('copied')).toMatchObject({ clonedAt: at, lockedAt: at });
      expect((await read('other')).clonedAt).toBeNull();
    });

    it.each([
      ['after failures', { failures: LOCK_AFTER, lockedAt: ago(1), unlockCodes: 1, unlockCodeAt: ago(1) }],
      ['as cloned', { clonedAt: ago(1), lockedAt: ago(1) }],
    ])('%s, are opened by one caller, and nothing is left of the lock', async (_, changed) => {
      const other = app('other', changed);
      await insert(app('one', changed), other);
      expect(await run(lock.claimOpening(app('one')))).toBe(1);
      expect(await run(lock.claimOpening(app('one')))).toBe('opening');
      expect(await read('one')).toEqual({ ...app('one'), seal: expect.any(String) });
      expect(await read('other')).toEqual({ ...other, seal: expect.any(String) });
    });

    it('are not opened with failures below the cap', async () => {
      await insert(app('one', { failures: LOCK_AFTER - 1 }));
      expect(await run(lock.claimOpening(app('one')))).toBe('opening');
    });
  });

  describe('that another factor’s proof opens', () => {
    const rows = [
      app('proven', { failures: LOCK_AFTER }),
      app('locked', { failures: LOCK_AFTER }),
      app('open', { failures: LOCK_AFTER - 1 }),
      app('cloned', { failures: LOCK_AFTER, clonedAt: ago(1) }),
    ];
    const opened = () => lock.openedByProofOf(app('proven'), rows);

    it('are the locked ones, neither those that were cloned nor the proven one itself', () => {
      expect(opened()).toEqual([rows[1]]);
    });

    it('are none unless the options say so', () => {
      unlock.byOtherFactor = false;
      expect(opened()).toEqual([]);
    });
  });

  describe('that are suspended', () => {
    const suspend = async (row: Authenticator, since: Date | null) =>
      run({ claim: 'suspension', query: lock.claimSuspension(row, since) });

    it('are so once until they are resumed once', async () => {
      await insert(app('lost'), app('other'));
      expect(await suspend(app('lost'), null)).toBe('suspension');
      expect(await suspend(app('lost'), new Date(NOW))).toBe(1);
      expect(await suspend(app('lost'), new Date(NOW + 1))).toBe('suspension');
      expect((await read('lost')).suspendedAt).toEqual(new Date(NOW));
      expect((await read('other')).suspendedAt).toBeNull();
      expect(await suspend(app('lost'), null)).toBe(1);
      expect((await read('lost')).suspendedAt).toBeNull();
    });

    it('are never another user’s', async () => {
      await insert(app('lost'));
      expect(await suspend(app('lost', { userId: 'eve' }), new Date(NOW))).toBe('suspension');
    });
  });

  describe('that are used', () => {
    type Given = Parameters<AuthenticatorsService['claimUse']>;
    const use = (row: Authenticator, set?: Given[2], condition?: Given[3]) =>
      run(authenticators.claimUse(row, new Date(NOW), set, condition));

    it('forget their failures, and how far unlocking had got', async () => {
      const failed = { failures: LOCK_AFTER, lockedAt: ago(HOUR), unlockCodes: 1, unlockCodeAt: ago(1) };
      const other = app('other', { failures: 1 });
      await insert(app('one', failed), other);
      expect(await use(app('one', failed))).toBe(1);
      expect(await read('one')).toEqual({
        ...app('one'),
        lastUsedAt: new Date(NOW),
        seal: expect.any(String),
      });
      expect(await read('other')).toEqual({ ...other, seal: expect.any(String) });
    });

    it('stay genuine with a new time step or new data, and with a count of what is left', async () => {
      await insert(app('one', { remaining: 8 }));
      for (const set of [{ lastStep: 7 }, { data: 'new data' }, { remaining: 6 }]) {
        expect(await use(await read('one'), set)).toBe(1);
        const row = await read('one');
        expect(row).toMatchObject(set);
        expect(authenticators.isGenuine(row)).toBe(true);
      }
    });

    it('do not get a new seal for what it does not cover', async () => {
      await insert(app('one'));
      await dataSource.getRepository(Authenticator).update('one', { seal: 'forged' });
      await use(await read('one'), { remaining: 5 });
      expect((await read('one')).seal).toBe('forged');
    });

    it('are not if their data changed since they were read', async () => {
      await insert(app('one'));
      expect(await use(app('one', { data: 'former data' }))).toBe('authenticator');
    });

    it('are not unless a further condition holds, all of it', async () => {
      await insert(app('one', { lastStep: 7, remaining: 1 }));
      const condition = (step: number) => ({
        where: 'last_step < :step OR remaining > :step',
        parameters: { step },
      });
      expect(await use(app('one'), { lastStep: 7 }, condition(7))).toBe('authenticator');
      expect(await use(app('one', { data: 'former data' }), {}, condition(8))).toBe('authenticator');
      expect(await use(app('one'), { lastStep: 8 }, condition(8))).toBe(1);
    });

    it('record the time step under a seal that fits it', () => {
      const row = app('one', { lastStep: 7 });
      const sealed = authenticators.sealStep(row, 8);
      expect(sealed).toEqual({ lastStep: 8, seal: expect.any(String) });
      expect(authenticators.isGenuine({ ...row, ...sealed })).toBe(true);
      expect(authenticators.isGenuine({ ...row, ...sealed, lastStep: 7 })).toBe(false);
    });
  });
});
