import { Inject, Injectable } from '@nestjs/common';

import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaUserState } from '../users/mfa-user-state.entity.js';
import { UserStateService } from '../users/user-state.service.js';

/** An attempt that was counted. */
export interface TakenAttempt {
  userId: string;
  /** When it was counted, milliseconds since the epoch. */
  at: number;
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
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Counts one attempt.
   *
   * @param isKept whether the user's row has to be there already: a request of somebody who is forgotten makes none
   * @throws {MfaException} `too_many_attempts` with the seconds to wait, when the budget is spent; `session_expired` when the
   *   user was forgotten
   */
  async take(userId: string, { isKept = false } = {}): Promise<TakenAttempt> {
    const at = this.clock.now();
    if ((await this.count(userId, at)) === 1) return { userId, at };
    // Either the budget is spent or the user has no row yet.
    const state = isKept ? await this.users.find(userId) : await this.users.ensure(userId);
    if (!state) throw new MfaException('session_expired');
    const { windowStartedAt, attempts } = state;
    const hasRoom = windowStartedAt === null || attempts < this.options.rateLimit.attempts;
    if (hasRoom && (await this.count(userId, at)) === 1) return { userId, at };
    const opensAt = (windowStartedAt?.getTime() ?? at) + this.options.rateLimit.windowSeconds * 1000;
    throw new MfaException('too_many_attempts', {
      retryAfter: Math.max(1, Math.ceil((opensAt - at) / 1000)),
    });
  }

  /** Gives back this one attempt, if its window is still the current one. */
  giveBack({ userId, at }: TakenAttempt): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        // In this order: MySQL evaluates from left to right. A window whose attempts all came back has not begun.
        .set({
          windowStartedAt: () => 'CASE WHEN attempts = 1 THEN NULL ELSE window_started_at END',
          attempts: () => 'attempts - 1',
        })
        .where('user_id = :userId AND attempts > 0 AND window_started_at <= :at', { userId, at }),
    };
  }

  /** Gives the user a new budget. */
  planRenewal(userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ attempts: 0, windowStartedAt: null })
        .where('user_id = :userId', { userId }),
    };
  }

  /** When codes of this user are judged again; null when they are. */
  blockedUntil(state: MfaUserState | null): Date | null {
    if (!state?.windowStartedAt || state.attempts < this.options.rateLimit.attempts) return null;
    const opensAt = state.windowStartedAt.getTime() + this.options.rateLimit.windowSeconds * 1000;
    return opensAt > this.clock.now() ? new Date(opensAt) : null;
  }

  private async count(userId: string, now: number): Promise<number> {
    const { attempts, windowSeconds } = this.options.rateLimit;
    const cutoff = now - windowSeconds * 1000;
    const isNew = 'window_started_at IS NULL OR window_started_at <= :cutoff';
    return this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        // In this order: MySQL evaluates from left to right and the second expression must not see a new window.
        .set({
          attempts: () => `CASE WHEN ${isNew} THEN 1 ELSE attempts + 1 END`,
          windowStartedAt: () => `CASE WHEN ${isNew} THEN :now ELSE window_started_at END`,
        })
        .where(`user_id = :userId AND (${isNew} OR attempts < :attempts)`, { userId, attempts })
        .setParameters({ cutoff, now }),
    );
  }
}
