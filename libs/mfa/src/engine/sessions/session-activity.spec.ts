import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { SessionActivity } from './session-activity.js';

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const REMEMBERED = 10_000;

/** A complete session that began now and was not used since. */
const session = (id: string, changed: Partial<AuthenticationSession> = {}): AuthenticationSession =>
  Object.assign(new AuthenticationSession(), {
    id,
    userId: 'ada',
    tokenHash: id,
    status: 'authenticated',
    methods: [],
    createdAt: new Date(START),
    expiresAt: new Date(START + 36_000_000),
    lastSeenAt: new Date(START),
    userAgent: null,
    ip: null,
    ttlSeconds: null,
    seal: null,
    ...changed,
  });

describe('the last use of a session', () => {
  let now: number;
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  const running: SessionActivity[] = [];

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(AuthenticationSession));
    storage = new MfaStorage(dataSource, { storage: { timeoutSeconds: 5 } } as never);
  });
  beforeEach(async () => {
    now = START;
    await dataSource.createQueryBuilder().delete().from(AuthenticationSession).execute();
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.onModuleDestroy();
    jest.restoreAllMocks();
  });
  afterAll(() => close());

  const activityOf = ({ idleTtlSeconds = null as number | null, batchSize = 100 } = {}) => {
    const options = { session: { idleTtlSeconds }, retention: { batchSize } } as never;
    const activity = new SessionActivity(storage, options, { now: () => now });
    running.push(activity);
    return activity;
  };
  const save = async (...ids: string[]) => {
    const sessions = ids.map((id) => session(id));
    await dataSource.getRepository(AuthenticationSession).insert(sessions);
    return sessions as [AuthenticationSession, AuthenticationSession, AuthenticationSession];
  };
  /** How long after the start each session was used, as the database has it. */
  const written = async () => {
    const rows = await dataSource.getRepository(AuthenticationSession).find({ order: { id: 'ASC' } });
    return rows.map(({ lastSeenAt }) => lastSeenAt && lastSeenAt.getTime() - START);
  };

  it('is what the database has, or a later one of this process', () => {
    const activity = activityOf();
    const used = session('a', { lastSeenAt: new Date(START + 5000) });
    expect(activity.lastSeen(used)).toEqual(new Date(START + 5000));
    now = START + 6000;
    activity.note(used);
    expect(activity.lastSeen(used)).toEqual(new Date(START + 6000));
    used.lastSeenAt = new Date(START + 7000);
    expect(activity.lastSeen(used)).toEqual(new Date(START + 7000));
    expect(activity.lastSeen(session('b', { lastSeenAt: null }))).toEqual(new Date(START));
  });

  describe('that is too long ago', () => {
    it('ends a complete session, with the first moment beyond', () => {
      const activity = activityOf({ idleTtlSeconds: 100 });
      now = START + 100_000;
      expect(activity.isIdle(session('a'))).toBe(false);
      now += 1;
      expect(activity.isIdle(session('a'))).toBe(true);
    });

    it('ends no pending one, and none where sessions may be idle', () => {
      now = START + 100_000_000;
      expect(activityOf({ idleTtlSeconds: 100 }).isIdle(session('a', { status: 'pending' }))).toBe(false);
      expect(activityOf().isIdle(session('a'))).toBe(false);
    });
  });

  describe('in the database', () => {
    it('lags a minute behind at most', async () => {
      const [used] = await save('a');
      const activity = activityOf();
      now = START + MINUTE;
      activity.note(used);
      await activity.flush();
      expect(await written()).toEqual([0]);
      now += 1;
      activity.note(used);
      await activity.flush();
      expect(await written()).toEqual([MINUTE]);
    });

    it.each([
      ['a quarter of the time after which sessions end by being idle', 80, 20_000],
      ['a minute, where they end much later', 3600, MINUTE],
    ])('lags %s behind at most', async (_, idleTtlSeconds, lag) => {
      const [used] = await save('a');
      const activity = activityOf({ idleTtlSeconds });
      now = START + lag;
      activity.note(used);
      await activity.flush();
      expect(await written()).toEqual([0]);
      now += 1000;
      activity.note(used);
      await activity.flush();
      expect(await written()).toEqual([lag + 1000]);
    });

    it('is written for all uses of a second in one statement', async () => {
      const [a, b, c] = await save('a', 'b', 'c');
      const activity = activityOf();
      const writing = jest.spyOn(storage, 'write');
      now = START + 2 * MINUTE;
      activity.note(a);
      now += 999;
      activity.note(b);
      now += 1;
      activity.note(c);
      await activity.flush();
      expect(await written()).toEqual([2 * MINUTE, 2 * MINUTE, 2 * MINUTE + 1000]);
      expect(writing).toHaveBeenCalledTimes(2);
      await activity.flush();
      expect(writing).toHaveBeenCalledTimes(2);
    });

    it('never goes back, and is set where none was', async () => {
      const [a, b, c] = await save('a', 'b', 'c');
      const rows = dataSource.getRepository(AuthenticationSession);
      await rows.update('a', { lastSeenAt: new Date(START + 3 * MINUTE) });
      await rows.update('b', { lastSeenAt: null });
      const activity = activityOf();
      now = START + 2 * MINUTE;
      for (const one of [a, b, c]) activity.note(one);
      await activity.flush();
      expect(await written()).toEqual([3 * MINUTE, 2 * MINUTE, 2 * MINUTE]);
    });

    it('is written at once where a batch is full', async () => {
      const [a, b] = await save('a', 'b');
      const activity = activityOf({ batchSize: 2 });
      const writing = jest.spyOn(storage, 'write');
      now = START + 2 * MINUTE;
      activity.note(a);
      activity.note(a);
      await Promise.resolve();
      expect(writing).not.toHaveBeenCalled();
      activity.note(b);
      await Promise.resolve();
      expect(writing).toHaveBeenCalledTimes(1);
      await activity.flush();
      expect(await written()).toEqual([2 * MINUTE, 2 * MINUTE]);
    });

    it('is written before the application closes', async () => {
      const [used] = await save('a');
      const activity = activityOf();
      now = START + 2 * MINUTE;
      activity.note(used);
      await activity.onModuleDestroy();
      expect(await written()).toEqual([2 * MINUTE]);
    });

    it('fails nobody where it can’t be written, and keeps no other from being written', async () => {
      const [a, b] = await save('a', 'b');
      const activity = activityOf();
      now = START + 2 * MINUTE;
      activity.note(a);
      now += 1000;
      activity.note(b);
      jest.spyOn(storage, 'write').mockRejectedValueOnce(new Error('away'));
      await expect(activity.flush()).resolves.toBeUndefined();
      expect(await written()).toEqual([0, 2 * MINUTE + 1000]);
    });

    it('is written when a flush is over, though another one had begun before', async () => {
      const activity = activityOf();
      let end: () => void = () => undefined;
      const ended = new Promise<number>((resolve) => (end = () => resolve(1)));
      jest.spyOn(storage, 'write').mockReturnValueOnce(ended);
      now = START + 2 * MINUTE;
      activity.note(session('a'));
      const steps: string[] = [];
      const first = activity.flush().then(() => steps.push('first'));
      const second = activity.flush().then(() => steps.push('second'));
      await new Promise(setImmediate);
      expect(steps).toEqual([]);
      end();
      await Promise.all([first, second]);
      expect(steps).toEqual(['first', 'second']);
    });
  });

  describe('is written a little later', () => {
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
    afterEach(() => void jest.useRealTimers());

    /** How often something was written by each of these times, in milliseconds. */
    const writesBy = (...times: number[]) => {
      const writing = jest.spyOn(storage, 'write').mockResolvedValue(1);
      let passed = 0;
      return async (before: Record<number, () => void> = {}) => {
        const counts: number[] = [];
        for (const time of times) {
          await jest.advanceTimersByTimeAsync(time - passed);
          passed = time;
          before[time]?.();
          counts.push(writing.mock.calls.length);
        }
        return counts;
      };
    };

    it.each([
      ['thirty seconds', null, 30_000],
      ['a second, where sessions end by being idle', 3600, 1000],
    ])('after %s', async (_, idleTtlSeconds, waits) => {
      const activity = activityOf({ idleTtlSeconds });
      now = START + 2 * MINUTE;
      activity.note(session('a'));
      expect(await writesBy(waits - 1, waits, 10 * waits)()).toEqual([0, 1, 1]);
    });

    it('counted from the first use, and begins anew once it was written', async () => {
      const activity = activityOf();
      const use = () => activity.note(session('a'));
      now = START + 2 * MINUTE;
      use();
      const counts = writesBy(20_000, 30_000, 40_000, 60_000, 69_999, 70_000);
      expect(await counts({ 20_000: use, 40_000: use })).toEqual([0, 1, 1, 1, 1, 2]);
    });

    it('and no sooner than that after somebody else had it written', async () => {
      const activity = activityOf();
      now = START + 2 * MINUTE;
      activity.note(session('a'));
      const counts = writesBy(10_000, 20_000, 30_000, 49_999, 50_000);
      const steps = { 10_000: () => void activity.flush(), 20_000: () => activity.note(session('b')) };
      expect(await counts(steps)).toEqual([0, 1, 1, 1, 2]);
    });
  });

  it('is forgotten by this process for the session whose use is longest ago, where there are too many', () => {
    const activity = activityOf();
    now = START + 10;
    const [first, second] = [session('first'), session('second')];
    activity.note(first);
    activity.note(second);
    for (let one = 2; one < REMEMBERED; one++) activity.note(session(`s${one}`));
    expect(activity.lastSeen(first)).toEqual(new Date(now));
    activity.note(first);
    activity.note(session('one more'));
    expect(activity.lastSeen(first)).toEqual(new Date(now));
    expect(activity.lastSeen(second)).toEqual(new Date(START));
  });
});
