import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { SessionLimit } from './session-limit.js';

const NOW = 1_800_000_000_000;
/** How many users are remembered at most. */
const REMEMBERED = 10_000;

type Changed = Partial<AuthenticationSession> & { age?: number };

/** A complete session of Ada's that began a minute ago, or so many seconds. */
const session = (id: string, { age = 60, ...changed }: Changed = {}): AuthenticationSession =>
  Object.assign(new AuthenticationSession(), {
    id,
    userId: 'ada',
    tokenHash: id,
    status: 'authenticated',
    methods: [],
    createdAt: new Date(NOW - age * 1000),
    expiresAt: new Date(NOW + 3_600_000),
    lastSeenAt: null,
    userAgent: null,
    ip: null,
    ttlSeconds: null,
    seal: null,
    ...changed,
  });
const PENDING: Changed = { status: 'pending' };
const OVER: Changed = { expiresAt: new Date(NOW) };

describe('the limit of a user’s sessions', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(AuthenticationSession));
    storage = new MfaStorage(dataSource, { storage: { timeoutSeconds: 5 } } as never);
  });
  beforeEach(() => dataSource.createQueryBuilder().delete().from(AuthenticationSession).execute());
  afterAll(() => close());

  const limitOf = (maxPerUser: number, { batchSize = 100, of = storage } = {}) =>
    new SessionLimit(of, { session: { maxPerUser }, retention: { batchSize } } as never, {
      now: () => NOW,
    });
  /** What is left of these sessions and of the last one, which was just started. */
  const left = async (limit: SessionLimit, ...all: AuthenticationSession[]) => {
    const started = all.at(-1) as AuthenticationSession;
    await dataSource.getRepository(AuthenticationSession).insert(all);
    await limit.started({ session: started });
    const rows = await dataSource.getRepository(AuthenticationSession).find();
    return rows.map(({ id }) => id).sort();
  };
  const aged = (ids: string, changed: Changed = {}) =>
    [...ids].map((id, index) => session(id, { age: 90 - index, ...changed }));

  it('ends the oldest ones beyond it, and none of anybody else', async () => {
    const others = aged('xyz', { userId: 'eve' });
    // The ids are not in the order of age.
    expect(await left(limitOf(2), ...others, ...aged('dabc'))).toEqual(['b', 'c', 'x', 'y', 'z']);
  });

  it('ends nothing that is within it', async () => {
    expect(await left(limitOf(3), ...aged('abc'))).toEqual(['a', 'b', 'c']);
  });

  it('ends those with smaller ids of several that began at once', async () => {
    expect(await left(limitOf(2), ...[...'bcad'].map((id) => session(id)))).toEqual(['c', 'd']);
  });

  it('never ends the one that was just started, though it seems to be the oldest', async () => {
    expect(await left(limitOf(2), ...aged('bcd'), session('a', { age: 500 }))).toEqual(['a', 'd']);
  });

  it('ends expired ones first, then pending ones, then complete ones', async () => {
    const over = session('over', { age: 1, ...OVER });
    const pending = session('pending', { age: 2, ...PENDING });
    const all = [session('complete'), pending, over, session('new', { age: 0 })];
    expect(await left(limitOf(3), ...all)).toEqual(['complete', 'new', 'pending']);
    const limit = limitOf(2);
    await limit.started({ session: session('new') });
    expect(await left(limit, session('newer', { age: 0 }))).toEqual(['new', 'newer']);
  });

  it('counts those as living that are about to expire', async () => {
    const brief = session('brief', { age: 1, expiresAt: new Date(NOW + 1) });
    expect(await left(limitOf(2), session('old'), brief, session('new', { age: 0 }))).toEqual([
      'brief',
      'new',
    ]);
  });

  it('lets a pending sign-in end pending and expired ones only', async () => {
    const over = session('over', { age: 3, ...OVER });
    const [older, newer] = [
      session('older', { ...PENDING, age: 2 }),
      session('newer', { ...PENDING, age: 1 }),
    ];
    const all = [...aged('ab'), over, older, newer, session('new', { ...PENDING, age: 0 })];
    expect(await left(limitOf(4), ...all)).toEqual(['a', 'b', 'new', 'newer']);
  });

  it('lets a pending sign-in end all others that are pending where there is no room for one', async () => {
    const pending = aged('xyz', PENDING);
    expect(await left(limitOf(2), ...aged('ab'), ...pending)).toEqual(['a', 'b', 'z']);
  });

  it('ends one batch at a time', async () => {
    expect(await left(limitOf(2, { batchSize: 2 }), ...aged('abcdef'))).toEqual(['a', 'b', 'e', 'f']);
  });

  describe('is looked at', () => {
    /** Whether each of several sign-ins of a user was counted. */
    const counted = async (limit: SessionLimit, times: number, userId = 'ada') => {
      const reading = jest.spyOn(storage, 'read');
      const looked: boolean[] = [];
      for (let time = 0; time < times; time++) {
        await limit.started({ session: session('new', { userId }) });
        looked.push(reading.mock.calls.length > 0);
        reading.mockClear();
      }
      reading.mockRestore();
      return looked;
    };
    const fill = async (count: number) => {
      const rows = Array.from({ length: count }, (_, index) => session(`of-${index}`));
      await dataSource.getRepository(AuthenticationSession).insert(rows);
    };

    it('each time where it is small', async () => {
      expect(await counted(limitOf(9), 2)).toEqual([true, true]);
    });

    it('once a tenth of it was started since', async () => {
      const limit = limitOf(29);
      await fill(5);
      expect(await counted(limit, 6)).toEqual([false, false, true, false, false, true]);
      expect(await counted(limit, 3, 'eve')).toEqual([false, false, true]);
    });

    it('sooner where it may be reached', async () => {
      await fill(29);
      expect(await counted(limitOf(30), 6)).toEqual([false, false, false, true, false, true]);
    });

    it('each time where it is reached', async () => {
      await fill(30);
      expect(await counted(limitOf(30), 5)).toEqual([false, false, false, true, true]);
    });

    it('again after it was exceeded', async () => {
      await fill(40);
      expect(await counted(limitOf(30, { batchSize: 1 }), 5)).toEqual([false, false, false, true, true]);
    });

    it('again where it could not be looked at, which fails no sign-in', async () => {
      const limit = limitOf(10);
      await counted(limit, 1);
      const failing = jest.spyOn(storage, 'read').mockRejectedValue(new Error('away'));
      await expect(limit.started({ session: session('new') })).resolves.toBeUndefined();
      failing.mockRestore();
      expect(await counted(limit, 1)).toEqual([true]);
    });

    it('a little later for whom nothing was started for the longest time, where there are too many users', async () => {
      const limit = limitOf(20);
      const others = async (from: number, to: number) => {
        for (let one = from; one < to; one++)
          await limit.started({ session: session('', { userId: `u${one}` }) });
      };
      await counted(limit, 1, 'first');
      await counted(limit, 1);
      await others(2, REMEMBERED);
      // Ada's second one: from now on hers was not the longest time ago.
      await counted(limit, 1);
      await others(REMEMBERED, REMEMBERED + 2);
      expect(await counted(limit, 1)).toEqual([true]);
      expect(await counted(limit, 3, 'first')).toEqual([false, false, true]);
    });

    it('in time for as many users as are remembered', async () => {
      const limit = limitOf(10);
      for (let one = 0; one < REMEMBERED; one++)
        await limit.started({ session: session('', { userId: `u${one}` }) });
      expect(await counted(limit, 1, 'u0')).toEqual([true]);
    });
  });
});
