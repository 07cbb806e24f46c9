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
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from './user-state.service.js';

/** In SQL: whether there is no window, or none that has not passed. */
const IS_NEW = 'window_started_at IS NULL OR window_started_at <= :cutoff';

/** An attempt that was counted. */
export interface TakenAttempt {
  user: MfaUser;
  source: MfaEventSource;
  /** When it was counted, milliseconds since the epoch. */
  at: number;
  /** Whether the budget had no further one. */
  isLast: boolean;
}

/** Who makes the row that attempts are counted on. */
export interface AttemptOrigin {
  isKept?: boolean;
  session?: Pick<AuthenticationSession, 'id'> | null;
}

/**
 * One budget of attempts per user in a window, shared by all factors. It is taken before a code is compared, so that
 * parallel guesses can't exceed it, and it hangs on the user, so that signing in again does not renew it.
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
   * Counts one attempt of this user. When it fails, say so with {@link failed}; when it does not, give it back.
   *
   * @param options `isKept`: whether the user's row has to be there already; `session`: who makes it else. A request of somebody
   *   who was forgotten makes none
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
    // Either one is left at most, or the user has no row yet.
    const state = isKept ? await this.users.find(userId) : await this.users.ensure(userId, session);
    if (!state) throw new MfaException('session_expired');
    const used = this.isCurrent(state, at) ? state.attempts : 0;
    if (used < budget - 1 && (await this.count(userId, at, budget - 1)) === 1)
      return { ...taken, isLast: false };
    if (used < budget && (await this.count(userId, at, budget)) === 1) return { ...taken, isLast: true };
    return this.refuse(taken, state);
  }

  /** The attempt was counted and was wrong. Tells of that, and of the budget when it is spent now. */
  async failed({ user, source, isLast }: TakenAttempt, ...events: NewMfaEvent[]): Promise<void> {
    await this.journal.record({ user, source, events });
    if (isLast) await this.tell(user, source);
  }

  /** Gives back this one attempt: it was no guess, or a right one that counts for nothing. */
  async giveBack(attempt: TakenAttempt): Promise<void> {
    await this.storage.commit([this.refund(attempt)]);
  }

  /**
   * What becomes of judging the attempt. When that fails, nobody has judged it, and it is given back: the attempts of all factors must
   * not be spent by what fails here. A refusal that the application throws is a judgement.
   *
   * @param failure what is told of a refusal
   */
  async judging<T>(attempt: TakenAttempt, failure: NewMfaEvent, judge: () => Promise<T>): Promise<T> {
    try {
      return await judge();
    } catch (error) {
      await (isRefusal(error) ? this.failed(attempt, failure) : this.giveBack(attempt));
      throw error;
    }
  }

  /** The statement that gives back this one attempt, if its window is still the current one. */
  refund({ user, at }: Pick<TakenAttempt, 'user' | 'at'>): Write {
    const userId = userIdOf(user);
    return {
      query: this.storage.statements.update(
        MfaUserState,
        // In this order: MySQL evaluates from left to right. A window whose attempts all came back has not begun.
        {
          windowStartedAt: () => 'CASE WHEN attempts = 1 THEN NULL ELSE window_started_at END',
          attempts: () => 'attempts - 1',
        },
        'user_id = :userId AND attempts > 0 AND window_started_at <= :at',
        { userId, at },
      ),
    };
  }

  /** Gives the user a new budget. */
  planRenewal(userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ attempts: 0, windowStartedAt: null, exhaustedToldAt: null })
        .where('user_id = :userId', { userId }),
    };
  }

  /** When codes of this user are accepted again; null when they are. */
  blockedUntil(state: MfaUserState | null): Date | null {
    if (!state?.windowStartedAt || state.attempts < this.options.rateLimit.attempts) return null;
    const opensAt = state.windowStartedAt.getTime() + this.options.rateLimit.windowSeconds * 1000;
    return opensAt > this.clock.now() ? new Date(opensAt) : null;
  }

  /** @throws {MfaException} `too_many_attempts` with the seconds to wait, when that state says that the budget is spent */
  assertRoom(state: MfaUserState | null): void {
    const opensAt = this.blockedUntil(state);
    if (opensAt) throw spent(opensAt.getTime() - this.clock.now());
  }

  private async refuse(
    { user, source, at }: Omit<TakenAttempt, 'isLast'>,
    { windowStartedAt, exhaustedToldAt }: MfaUserState,
  ): Promise<never> {
    // Once it was told, a flood of further attempts costs nothing more.
    const isTold = windowStartedAt !== null && exhaustedToldAt?.getTime() === windowStartedAt.getTime();
    if (!isTold) await this.tell(user, source);
    const opensAt = (windowStartedAt?.getTime() ?? at) + this.options.rateLimit.windowSeconds * 1000;
    throw spent(opensAt - at);
  }

  private isCurrent({ windowStartedAt }: MfaUserState, now: number): boolean {
    const { windowSeconds } = this.options.rateLimit;
    return windowStartedAt !== null && windowStartedAt.getTime() > now - windowSeconds * 1000;
  }

  /** Tells that the budget is spent: of all requests that find it so in one window, on all instances, one does. */
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

  /** Counts one attempt when it is no more than the `atMost`-th of its window; returns how many rows it changed. */
  private async count(userId: string, now: number, atMost: number): Promise<number> {
    if (atMost === 0) return 0;
    const cutoff = now - this.options.rateLimit.windowSeconds * 1000;
    return this.storage.write(
      this.storage.statements.update(
        MfaUserState,
        // In this order: MySQL evaluates from left to right and the second expression must not see a new window.
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
