import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { isRefusal } from '../../core/errors/is-refusal.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { MfaJournal } from '../journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { LATEST_MOMENT } from '../../storage/columns.js';
import { isInDoubt } from '../../storage/in-doubt.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from './user-state.service.js';

/** SQL: whether there is no window yet, or it has passed, or its start is no time and would never pass. */
const IS_NEW = `window_started_at IS NULL OR window_started_at <= :cutoff OR window_started_at > ${LATEST_MOMENT}`;

/** An attempt that was counted. */
export interface TakenAttempt {
  user: MfaUser;
  source: MfaEventSource;
  /** When it was counted, in milliseconds since the epoch. */
  at: number;
  /** Whether it was the last one in the budget. */
  isLast: boolean;
}

/** How the row that attempts are counted on comes into being. */
export interface AttemptOrigin {
  isKept?: boolean;
  session?: Pick<AuthenticationSession, 'id'> | null;
}

/**
 * One budget of attempts per user and window, shared by all factors. It is taken before a code is compared, so parallel guesses
 * can't exceed it, and it belongs to the user, so signing in again doesn't renew it.
 */
@Injectable()
export class AttemptLimiter {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(UserStateService) private readonly users: UserStateService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Counts one attempt of this user. Report a failure with {@link failed}; otherwise give the attempt back.
   *
   * @param options `isKept`: whether the user's row must exist already; `session`: the session that creates it otherwise. A
   *   request of a forgotten user creates none
   * @throws {MfaException} `too_many_attempts` with the seconds to wait, when the budget is spent; `session_expired` when the
   *   user was forgotten
   */
  async take(
    user: MfaUser,
    source: MfaEventSource,
    { isKept = false, session = null }: AttemptOrigin = {},
  ): Promise<TakenAttempt> {
    const { attempts: budget } = this.options.rateLimit;
    const userId = userIdOf(user);
    const at = this.clock.now();
    const taken = { user, source, at };
    if ((await this.count(userId, at, budget - 1)) === 1) return { ...taken, isLast: false };
    // Either at most one attempt is left, or the user has no row yet.
    const state = isKept ? await this.users.find(userId) : await this.users.ensure(userId, session);
    if (!state) throw new MfaException('session_expired');
    const used = this.isCurrent(state, at) ? state.attempts : 0;
    if (used < budget - 1 && (await this.count(userId, at, budget - 1)) === 1)
      return { ...taken, isLast: false };
    if (used < budget && (await this.count(userId, at, budget)) === 1) return { ...taken, isLast: true };
    return this.refuse(taken, state);
  }

  /** Records that a counted attempt was wrong, and that the budget is spent if this was its last. */
  async failed({ user, source, isLast }: TakenAttempt, ...events: NewMfaEvent[]): Promise<void> {
    await this.journal.record({ user, source, events });
    if (isLast) await this.tell(user, source);
  }

  /** Gives back this one attempt: it was no guess, or it was right but counts for nothing. */
  async giveBack(attempt: TakenAttempt): Promise<void> {
    await this.storage.commit([this.refund(attempt)]);
  }

  /**
   * Gives back the attempt of a right code that took no effect because of this error. If its commit may have happened after all,
   * it stays counted: the commit includes the {@link refund}, and nothing is given back twice.
   */
  async giveBackAfter(error: MfaException, attempt: TakenAttempt): Promise<void> {
    if (error.code !== 'conflict' && isInDoubt(error.cause)) return;
    // The caller is told of the first error, which is likely to be the reason of this one.
    await this.giveBack(attempt).catch(() => undefined);
  }

  /**
   * Judges the attempt and settles it. A refusal, including one that the application throws, is a judgement and counts as a
   * failure. On any other error the attempt was never judged and is given back: an error here must not spend the attempts of
   * all factors.
   *
   * @param failure the event to record for a refusal
   */
  async judging<T>(attempt: TakenAttempt, failure: NewMfaEvent, judge: () => Promise<T>): Promise<T> {
    try {
      return await judge();
    } catch (error) {
      await (isRefusal(error) ? this.failed(attempt, failure) : this.giveBack(attempt));
      throw error;
    }
  }

  /** The statement that gives back this one attempt if its window is still the current one. */
  refund({ user, at }: Pick<TakenAttempt, 'user' | 'at'>): Write {
    const userId = userIdOf(user);
    return {
      query: this.storage.statements.update(
        MfaUserState,
        // Order matters: MySQL evaluates from left to right. A window whose attempts were all given back has not begun.
        {
          windowStartedAt: () => 'CASE WHEN attempts = 1 THEN NULL ELSE window_started_at END',
          attempts: () => 'attempts - 1',
        },
        'user_id = :userId AND attempts > 0 AND window_started_at <= :at',
        { userId, at },
      ),
    };
  }

  /** Renews the user's budget. */
  planRenewal(userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ attempts: 0, windowStartedAt: null, exhaustedToldAt: null })
        .where('user_id = :userId', { userId }),
    };
  }

  /** When codes of this user are accepted again; null if they are now. */
  blockedUntil(state: MfaUserState | null): Date | null {
    if (!state?.windowStartedAt || state.attempts < this.options.rateLimit.attempts) return null;
    const opensAt = state.windowStartedAt.getTime() + this.options.rateLimit.windowSeconds * 1000;
    return opensAt > this.clock.now() ? new Date(opensAt) : null;
  }

  /** @throws {MfaException} `too_many_attempts` with the seconds to wait, when the budget in this state is spent */
  assertRoom(state: MfaUserState | null): void {
    const opensAt = this.blockedUntil(state);
    if (opensAt) throw spent(opensAt.getTime() - this.clock.now());
  }

  private async refuse(
    { user, source, at }: Omit<TakenAttempt, 'isLast'>,
    { windowStartedAt, exhaustedToldAt }: MfaUserState,
  ): Promise<never> {
    // Once it was reported, a flood of further attempts costs nothing more.
    const isTold = windowStartedAt !== null && exhaustedToldAt?.getTime() === windowStartedAt.getTime();
    if (!isTold) await this.tell(user, source);
    const opensAt = (windowStartedAt?.getTime() ?? at) + this.options.rateLimit.windowSeconds * 1000;
    throw spent(opensAt - at);
  }

  private isCurrent({ windowStartedAt }: MfaUserState, now: number): boolean {
    const { windowSeconds } = this.options.rateLimit;
    return windowStartedAt !== null && windowStartedAt.getTime() > now - windowSeconds * 1000;
  }

  /** Reports that the budget is spent: once per window, across all requests and instances. */
  private async tell(user: MfaUser, source: MfaEventSource): Promise<void> {
    const { attempts, windowSeconds } = this.options.rateLimit;
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(MfaUserState)
      .set({ exhaustedToldAt: () => 'window_started_at' })
      .where(
        'user_id = :userId AND attempts >= :attempts AND window_started_at > :cutoff ' +
          'AND (exhausted_told_at IS NULL OR exhausted_told_at <> window_started_at)',
        { userId: userIdOf(user), attempts, cutoff: this.clock.now() - windowSeconds * 1000 },
      );
    await this.journal.commit([{ claim: 'exhaustion', query }], {
      user,
      source,
      events: [{ type: 'mfa.attempts.exhausted', data: { attempts, windowSeconds } }],
    });
  }

  /** Counts one attempt unless `atMost` attempts are counted in its window already. Returns how many rows it changed. */
  private async count(userId: string, now: number, atMost: number): Promise<number> {
    if (atMost === 0) return 0;
    const cutoff = now - this.options.rateLimit.windowSeconds * 1000;
    return this.storage.write(
      this.storage.statements.update(
        MfaUserState,
        // Order matters: MySQL evaluates from left to right, and the second expression must not see a new window.
        {
          attempts: () => `CASE WHEN ${IS_NEW} THEN 1 ELSE attempts + 1 END`,
          windowStartedAt: () => `CASE WHEN ${IS_NEW} THEN :now ELSE window_started_at END`,
        },
        `user_id = :userId AND (${IS_NEW} OR attempts < :atMost)`,
        { userId, atMost, cutoff, now },
      ),
    );
  }
}

function spent(milliseconds: number): MfaException {
  return new MfaException('too_many_attempts', { retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)) });
}
