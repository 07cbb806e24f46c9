import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { nameAuthenticator, MfaJournal } from '../journal/mfa-journal.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import type { TakenAttempt } from '../users/attempt-limiter.js';
import { AttemptLimiter } from '../users/attempt-limiter.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { hasSteps } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { AuthenticatorLock, AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { UnlockByCodes } from './unlock-by-codes.js';

interface Failure {
  source?: MfaEventSource;
  afterFirstFactor?: boolean;
}

/** Counts wrong codes against the authenticators they were tried on, and locks an authenticator after too many. */
@Injectable()
export class FailedAttempts {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(UnlockByCodes) private readonly unlocking: UnlockByCodes,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Counts one failure. If every authenticator that could verify the code is locked, nothing was verified, right or wrong. The
   * attempt is then given back so that a locked factor doesn't use up the budget of the others.
   *
   * @throws {MfaException} `authenticator_locked` when all of them are locked
   */
  async record(
    user: MfaUser,
    wrong: readonly Authenticator[],
    attempt: TakenAttempt,
    { source = APPLICATION_SOURCE, afterFirstFactor = false }: Failure,
  ): Promise<void> {
    const types = [...new Set(wrong.map(({ type }): MfaType => type))];
    const failed = { type: 'mfa.authenticator.failed', data: { types, afterFirstFactor } } as const;
    if (wrong.length === 0) return this.limiter.failed(attempt, failed);
    const now = this.clock.now();
    // When all of them are locked and no code can unlock them, nothing is verified: this isn't even a failure.
    if (!this.unlocking.isEnabled && wrong.every((row) => this.lock.isClosed(row, now))) {
      return this.refuseLocked(user, wrong, attempt, source);
    }
    const restart = this.unlocking.isEnabled ? [this.unlocking.planRestart(wrong)] : [];
    const result = await this.journal.commit([this.lock.planFailures(wrong, now), ...restart], {
      user,
      source,
      events: [failed],
    });
    if (result.committed && result.affected[0] === 0) await this.refuseLocked(user, wrong, attempt, source);

    const { attempts, lockAfter } = this.options.rateLimit;
    for (const row of wrong) {
      // This far from the cap, nothing can have locked it, even if all attempts of a window came at once.
      if (row.failures + attempts < lockAfter) continue;
      await this.close(user, row, source);
    }
    await this.limiter.failed(attempt);
  }

  /** Records when the cap was reached, and reports it once. */
  private async close(user: MfaUser, row: Authenticator, source: MfaEventSource): Promise<void> {
    await this.journal.commit([this.lock.claimClosing(row, new Date(this.clock.now()))], {
      user,
      source,
      events: [{ type: 'mfa.authenticator.locked', data: { authenticator: nameAuthenticator(row) } }],
    });
  }

  /** No failure could be counted: the authenticators are locked, or were removed since they were read. */
  private async refuseLocked(
    user: MfaUser,
    wrong: readonly Authenticator[],
    attempt: TakenAttempt,
    source: MfaEventSource,
  ): Promise<void> {
    const rows = await this.authenticators.find(userIdOf(user));
    const locked = rows.filter(
      (row) => wrong.some(({ id }) => id === row.id) && this.authenticators.isLocked(row),
    );
    if (locked.length === 0) return;
    // The server may have died after the failure that reached the cap and before recording it.
    for (const row of locked.filter(({ lockedAt, suspendedAt }) => !lockedAt && !suspendedAt))
      await this.close(user, row, source);
    // Where right codes can unlock it, this code was verified, so it is an attempt like any other.
    const opening = locked.find(({ type, suspendedAt }) => hasSteps(type) && suspendedAt === null);
    if (this.unlocking.isEnabled && opening) {
      await this.limiter.failed(attempt);
      throw new MfaException('authenticator_locked', { unlock: this.unlocking.progress(opening) });
    }
    await this.limiter.giveBack(attempt);
    const isSuspended = locked.every(({ suspendedAt }) => suspendedAt !== null);
    throw new MfaException('authenticator_locked', isSuspended ? { reason: 'factor_suspended' } : {});
  }
}
