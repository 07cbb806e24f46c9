import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException, InternalServerErrorException } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { beforeNext, callsDuring } from '../../../../../test/support/intercept.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { takingEffect, TooLateError } from '../../storage/in-doubt.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaJournal } from '../journal/mfa-journal.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import type { TakenAttempt } from './attempt-limiter.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { UserStateService } from './user-state.service.js';

const NOW = 1_800_000_000_000;
const WINDOW_SECONDS = 300;
const WINDOW = WINDOW_SECONDS * 1000;
const ADA = { id: 'ada' };
const BOB = { id: 'bob' };
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const WRONG = { type: 'mfa.authenticator.failed', data: { types: [], afterFirstFactor: false } } as const;
const EXHAUSTED = { type: 'mfa.attempts.exhausted', userId: 'ada', ip: '192.0.2.1' };

describe('the budget of attempts', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let users: UserStateService;
  let now: number;
  let events: object[];
  const clock = { now: () => now };

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaUserState, AuthenticationSession));
  });
  beforeEach(async () => {
    now = NOW;
    events = [];
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    users = new UserStateService(storage, clock);
    await dataSource.createQueryBuilder().delete().from(MfaUserState).execute();
  });
  afterAll(() => close());

  /** A limiter with a budget of that many attempts per window. */
  const budgetOf = (attempts: number) => {
    const publish = (published: object[]) => events.push(...published);
    const journal = new MfaJournal(
      storage,
      { plan: () => [] } as never,
      { publish } as never,
      { notify: () => undefined } as never,
      clock,
    );
    const options = { rateLimit: { attempts, windowSeconds: WINDOW_SECONDS } };
    return new AttemptLimiter(storage, users, journal, options as never, clock);
  };
  const stored = (userId = 'ada') => dataSource.getRepository(MfaUserState).findOneBy({ userId });
  const store = (changed: Partial<MfaUserState>, userId = 'ada') =>
    dataSource.getRepository(MfaUserState).save({ ...users.blank(userId), ...changed });
  const take = (limiter: AttemptLimiter, user = ADA) => limiter.take(user, SOURCE);
  /** Takes that many attempts and returns the last one. */
  const takeMany = async (limiter: AttemptLimiter, times: number) => {
    for (let time = 1; time < times; time += 1) await take(limiter);
    return take(limiter);
  };
  const refusal = (retryAfter: number) => ({ code: 'too_many_attempts', details: { retryAfter } });
  /** How many times the database is written to meanwhile. */
  const costOf = async (work: () => Promise<unknown>) =>
    (await callsDuring(storage, 'commit', work)).filter(([writes]) => (writes as Write[]).length > 0).length;

  describe('when an attempt is taken', () => {
    it('counts it in a window that begins with the first one', async () => {
      const limiter = budgetOf(3);
      await expect(take(limiter)).resolves.toEqual({ user: ADA, source: SOURCE, at: NOW, isLast: false });
      await expect(stored()).resolves.toMatchObject({ attempts: 1, windowStartedAt: new Date(NOW) });
      now += 1000;
      await expect(take(limiter)).resolves.toMatchObject({ at: now, isLast: false });
      await expect(stored()).resolves.toMatchObject({ attempts: 2, windowStartedAt: new Date(NOW) });
    });

    it('says which one is the last, and refuses all others until the window ends', async () => {
      const limiter = budgetOf(3);
      await expect(takeMany(limiter, 2)).resolves.toMatchObject({ isLast: false });
      await expect(take(limiter)).resolves.toMatchObject({ isLast: true });
      now += 100_001;
      await expect(take(limiter)).rejects.toMatchObject(refusal(200));
      now = NOW + WINDOW - 1;
      await expect(take(limiter)).rejects.toMatchObject(refusal(1));
      await expect(stored()).resolves.toMatchObject({ attempts: 3, windowStartedAt: new Date(NOW) });
      now += 1;
      await expect(take(limiter)).resolves.toMatchObject({ isLast: false });
      await expect(stored()).resolves.toMatchObject({ attempts: 1, windowStartedAt: new Date(now) });
    });

    it('begins a window at any time after the last one', async () => {
      const limiter = budgetOf(3);
      await takeMany(limiter, 2);
      now += 10 * WINDOW;
      await take(limiter);
      await expect(stored()).resolves.toMatchObject({ attempts: 1, windowStartedAt: new Date(now) });
    });

    it('can be a single one per window', async () => {
      const limiter = budgetOf(1);
      await expect(take(limiter)).resolves.toMatchObject({ isLast: true });
      now += WINDOW - 1;
      await expect(take(limiter)).rejects.toMatchObject(refusal(1));
      now += 1;
      await expect(take(limiter)).resolves.toMatchObject({ isLast: true });
      await expect(take(limiter)).rejects.toMatchObject(refusal(WINDOW_SECONDS));
    });

    it('is each user’s own', async () => {
      const limiter = budgetOf(2);
      await takeMany(limiter, 2);
      await expect(take(limiter, BOB)).resolves.toMatchObject({ user: BOB, isLast: false });
      await expect(stored()).resolves.toMatchObject({ attempts: 2 });
      await expect(stored('bob')).resolves.toMatchObject({ attempts: 1 });
    });

    it('costs few statements, and a flood of refused ones the fewest', async () => {
      const limiter = budgetOf(3);
      const costs: number[] = [];
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        costs.push(await costOf(() => take(limiter)));
        now += 1000;
      }
      // The first one creates the row; the fourth one, which is the first refused, is reported.
      expect(costs).toEqual([3, 1, 2, 2, 1]);
    });

    it('creates no row where there must be one already, nor for a session that has ended', async () => {
      for (const origin of [{ isKept: true }, { session: { id: 'ended' } }]) {
        await expect(budgetOf(3).take(ADA, SOURCE, origin)).rejects.toMatchObject({
          code: 'session_expired',
        });
      }
      await expect(stored()).resolves.toBeNull();
    });

    it.each([{ isKept: true }, { session: { id: 'ended' } }])(
      'is taken from a row that is there (%j)',
      async (origin) => {
        await store({});
        await expect(budgetOf(1).take(ADA, SOURCE, origin)).resolves.toMatchObject({ isLast: true });
        await expect(stored()).resolves.toMatchObject({ attempts: 1 });
      },
    );

    it.each([1, 3])('refuses one if others took all %i since the row was read', async (attempts) => {
      const others = () => store({ attempts, windowStartedAt: new Date(NOW) });
      beforeNext(users, 'find', async () => {
        await store({});
        beforeNext(storage, 'commit', others);
      });
      const late = budgetOf(attempts).take(ADA, SOURCE, { isKept: true });
      await expect(late).rejects.toMatchObject(refusal(WINDOW_SECONDS));
      await expect(stored()).resolves.toMatchObject({ attempts });
    });
  });

  describe('when it is spent', () => {
    it('is reported with the failure of the last attempt, once per window', async () => {
      const limiter = budgetOf(2);
      await limiter.failed(await take(limiter), WRONG);
      expect(events).toMatchObject([WRONG]);
      await limiter.failed(await take(limiter), WRONG);
      const data = { attempts: 2, windowSeconds: WINDOW_SECONDS };
      expect(events).toMatchObject([WRONG, WRONG, { ...EXHAUSTED, data }]);
      for (let time = 0; time < 2; time += 1) await expect(take(limiter)).rejects.toBeDefined();
      expect(events).toHaveLength(3);
      now += WINDOW;
      await limiter.failed(await takeMany(limiter, 2));
      expect(events.slice(3)).toMatchObject([EXHAUSTED]);
    });

    it('costs a failure nothing unless it was the last attempt', async () => {
      const limiter = budgetOf(2);
      const first = await take(limiter);
      await expect(costOf(() => limiter.failed(first, WRONG))).resolves.toBe(0);
      const last = await take(limiter);
      await expect(costOf(() => limiter.failed(last, WRONG))).resolves.toBe(1);
    });

    it('is reported with the first refusal, if the last attempt did not get that far', async () => {
      const limiter = budgetOf(2);
      await takeMany(limiter, 2);
      now += 1000;
      for (let time = 0; time < 2; time += 1) await expect(take(limiter)).rejects.toBeDefined();
      expect(events).toMatchObject([EXHAUSTED]);
      await expect(stored()).resolves.toMatchObject({ exhaustedToldAt: new Date(NOW) });
    });

    it('is reported by one of two requests that find out at once', async () => {
      const limiter = budgetOf(1);
      const last = await take(limiter);
      await Promise.all([limiter.failed(last), limiter.failed(last)]);
      expect(events).toMatchObject([EXHAUSTED]);
    });

    it('is not reported for other users', async () => {
      const limiter = budgetOf(1);
      await take(limiter, BOB);
      await limiter.failed(await take(limiter));
      await expect(stored('bob')).resolves.toMatchObject({ exhaustedToldAt: null });
    });

    it.each([
      ['the window ended meanwhile', (last: TakenAttempt) => void (now = last.at + WINDOW)],
      ['an attempt was given back meanwhile', (last: TakenAttempt) => budgetOf(2).giveBack(last)],
    ])('is not reported if %s', async (_, meanwhile) => {
      const limiter = budgetOf(2);
      const last = await takeMany(limiter, 2);
      await meanwhile(last);
      await limiter.failed(last, WRONG);
      expect(events).toMatchObject([WRONG]);
    });

    it('is reported up to the end of the window', async () => {
      const limiter = budgetOf(1);
      const last = await take(limiter);
      now += WINDOW - 1;
      await limiter.failed(last);
      expect(events).toMatchObject([EXHAUSTED]);
    });
  });

  describe('when an attempt is given back', () => {
    it('has one more', async () => {
      const limiter = budgetOf(3);
      await take(limiter, BOB);
      const attempt = await takeMany(limiter, 2);
      await limiter.giveBack(attempt);
      await expect(stored()).resolves.toMatchObject({ attempts: 1, windowStartedAt: new Date(NOW) });
      await expect(stored('bob')).resolves.toMatchObject({ attempts: 1 });
    });

    it('has no window, if it was the only one', async () => {
      const limiter = budgetOf(3);
      await limiter.giveBack(await take(limiter));
      await expect(stored()).resolves.toMatchObject({ attempts: 0, windowStartedAt: null });
    });

    it('stays as it is, if it was renewed or began anew since', async () => {
      const limiter = budgetOf(3);
      const early = await take(limiter);
      await storage.commit([limiter.planRenewal('ada')]);
      await limiter.giveBack(early);
      await expect(stored()).resolves.toMatchObject({ attempts: 0 });
      now += 1;
      await take(limiter);
      await limiter.giveBack(early);
      await expect(stored()).resolves.toMatchObject({ attempts: 1, windowStartedAt: new Date(now) });
    });

    it('gives it back after an error, unless the commit may have happened after all', async () => {
      const limiter = budgetOf(3);
      const attempt = await take(limiter);
      const lost = new Error('the connection is lost');
      await takingEffect(Promise.reject(lost)).catch(() => undefined);
      for (const cause of [lost, new TooLateError('no answer')]) {
        await limiter.giveBackAfter(new MfaException('storage_unavailable', {}, { cause }), attempt);
        await expect(stored()).resolves.toMatchObject({ attempts: 1 });
      }
      await limiter.giveBackAfter(new MfaException('storage_unavailable'), attempt);
      await expect(stored()).resolves.toMatchObject({ attempts: 0 });
      // The database has said so, even if it was asked to commit.
      const again = await take(limiter);
      await limiter.giveBackAfter(new MfaException('conflict', {}, { cause: lost }), again);
      await expect(stored()).resolves.toMatchObject({ attempts: 0 });
    });

    it('keeps to the first error if it cannot give the attempt back either', async () => {
      const attempt = await take(budgetOf(3));
      const away = { statements: storage.statements, commit: () => Promise.reject(new Error('away')) };
      const limiter = new AttemptLimiter(away as never, users, {} as never, {} as never, clock);
      const error = new MfaException('storage_unavailable');
      await expect(limiter.giveBackAfter(error, attempt)).resolves.toBeUndefined();
    });
  });

  it('begins anew where its window began at a time that is none', async () => {
    const limiter = budgetOf(3);
    await store({ attempts: 3, windowStartedAt: 9_000_000_000_000_000 as never });
    await take(limiter);
    expect(await stored()).toMatchObject({ attempts: 1, windowStartedAt: new Date(NOW) });
    await takeMany(limiter, 2);
    await expect(take(limiter)).rejects.toMatchObject({ code: 'too_many_attempts' });
  });

  it('is whole again when it is renewed, for that user', async () => {
    const spent = { attempts: 3, windowStartedAt: new Date(NOW), exhaustedToldAt: new Date(NOW) };
    await store({ ...spent, version: 2 });
    await store(spent, 'bob');
    await storage.commit([budgetOf(3).planRenewal('ada')]);
    await expect(stored()).resolves.toEqual({ ...users.blank('ada'), version: 2 });
    await expect(stored('bob')).resolves.toMatchObject(spent);
  });

  describe('while an attempt is judged', () => {
    const judge = async (limiter: AttemptLimiter, outcome: () => Promise<string>) =>
      limiter.judging(await take(limiter), WRONG, outcome);

    it('keeps it counted, and hands on the judgement', async () => {
      await expect(judge(budgetOf(3), () => Promise.resolve('right'))).resolves.toBe('right');
      await expect(stored()).resolves.toMatchObject({ attempts: 1 });
      expect(events).toEqual([]);
    });

    it('counts a refusal as a failure', async () => {
      const refused = new ForbiddenException();
      await expect(judge(budgetOf(3), () => Promise.reject(refused))).rejects.toBe(refused);
      await expect(stored()).resolves.toMatchObject({ attempts: 1 });
      expect(events).toMatchObject([WRONG]);
    });

    it.each([new Error('away'), new InternalServerErrorException()])(
      'gives it back on any other error: %s',
      async (error) => {
        await expect(judge(budgetOf(3), () => Promise.reject(error))).rejects.toBe(error);
        await expect(stored()).resolves.toMatchObject({ attempts: 0 });
        expect(events).toEqual([]);
      },
    );
  });

  describe('says until when codes are refused', () => {
    const blockedUntil = (changed: Partial<MfaUserState>) =>
      budgetOf(3).blockedUntil({ ...users.blank('ada'), windowStartedAt: new Date(NOW), ...changed });

    it('which is the end of the window, once it is spent', () => {
      const end = new Date(NOW + WINDOW);
      expect([3, 4].map((attempts) => blockedUntil({ attempts }))).toEqual([end, end]);
      now += WINDOW - 1;
      expect(blockedUntil({ attempts: 3 })).toEqual(end);
    });

    it('which is never, if it is not spent, or the window has ended', () => {
      expect(budgetOf(3).blockedUntil(null)).toBeNull();
      expect(blockedUntil({ attempts: 2 })).toBeNull();
      expect(blockedUntil({ attempts: 3, windowStartedAt: null })).toBeNull();
      now += WINDOW;
      expect(blockedUntil({ attempts: 3 })).toBeNull();
    });

    it('by refusing what needs a code', () => {
      const assertRoom = (attempts: number) => () =>
        budgetOf(3).assertRoom({ ...users.blank('ada'), windowStartedAt: new Date(NOW), attempts });
      expect(assertRoom(2)).not.toThrow();
      now += 99_999;
      expect(assertRoom(3)).toThrow(expect.objectContaining(refusal(201)));
    });
  });
});
