import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import { MfaNotifier } from '../events/mfa-notifier.js';
import type { TakenAttempt } from '../limits/attempt-limiter.js';
import { AttemptLimiter } from '../limits/attempt-limiter.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { Authenticator } from './authenticator.entity.js';
import { AuthenticatorsService } from './authenticators.service.js';
import type { CodeFactor } from './code-factor.js';
import { CODE_FACTORS, CODE_INPUT_PATTERN, normalizeCode } from './code-factor.js';

/** What goes along with a proof: the types that may judge, and the statements of the same transaction. */
export interface CodeVerification {
  types?: readonly MfaType[];
  /** A lost claim among these means that the code was right and something else was not; it is thrown. */
  along?: (authenticator: Authenticator) => { writes: Write[]; onLost: MfaException };
}

/** Judges a code against the user's authenticators: counts, compares, claims, in this order. */
@Injectable()
export class CodeVerifier {
  constructor(
    @Inject(CODE_FACTORS) private readonly factors: readonly CodeFactor[],
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaNotifier) private readonly notifier: MfaNotifier,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The authenticator that the code proves. The proof is consumed.
   *
   * @throws {MfaException} `invalid_request`, `too_many_attempts`, `authenticator_locked` or `incorrect_code`
   */
  async verify(
    user: MfaUser,
    input: unknown,
    rows: readonly Authenticator[],
    { types, along }: CodeVerification = {},
  ): Promise<Authenticator> {
    if (typeof input !== 'string' || !CODE_INPUT_PATTERN.test(input)) {
      throw new MfaException('invalid_request', { message: ['code must be a code'] });
    }
    const code = normalizeCode(input);
    const candidates = rows.filter(({ type }) => !types || types.includes(type));
    const locked = candidates.filter((row) => this.authenticators.isLocked(row));
    const attempt = await this.limiter.take(userIdOf(user));

    const wrong: Authenticator[] = [];
    for (const factor of this.factors) {
      for (const row of candidates) {
        if (row.type !== factor.type) continue;
        const verdict = await factor.judge(code, row);
        if (verdict === 'unfit') continue;
        if (verdict !== 'wrong' && !locked.includes(row)) {
          const extra = along?.(row);
          const result = await this.storage.commit([
            ...verdict.claims,
            ...(extra?.writes ?? []),
            this.limiter.giveBack(attempt),
          ]);
          if (result.committed) {
            this.notifyUse(user, row);
            return row;
          }
          const isOurs = verdict.claims.some(({ claim }) => claim === result.lost);
          if (extra && !isOurs) throw extra.onLost;
        }
        wrong.push(row);
      }
    }
    await this.recordFailures(user, wrong, attempt);
    throw new MfaException('incorrect_code');
  }

  /**
   * Whether the code is right for a factor of this type, for callers outside a sign-in.
   *
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async isRight(
    user: MfaUser,
    input: unknown,
    rows: readonly Authenticator[],
    type: MfaType,
  ): Promise<boolean> {
    try {
      await this.verify(user, input, rows, { types: [type] });
      return true;
    } catch (error) {
      if (error instanceof MfaException && ['incorrect_code', 'invalid_request'].includes(error.code))
        return false;
      throw error;
    }
  }

  private notifyUse(user: MfaUser, row: Authenticator): void {
    if (row.remaining === null) return;
    this.notifier.notify('recovery_code_used', user, { ...row, remaining: row.remaining - 1 });
  }

  /**
   * Counts the failure against what judged. When all of it is locked nothing was judged, right or wrong: the attempt goes
   * back, so that a locked factor does not use up the budget of the others.
   */
  private async recordFailures(
    user: MfaUser,
    wrong: readonly Authenticator[],
    attempt: TakenAttempt,
  ): Promise<void> {
    if (wrong.length === 0) return;
    if ((await this.authenticators.recordFailures(wrong)) === 0) {
      // None could be counted: they are locked, or were removed since they were read.
      const rows = await this.authenticators.find(userIdOf(user));
      const isLocked = rows.some(
        (row) => wrong.some(({ id }) => id === row.id) && this.authenticators.isLocked(row),
      );
      if (!isLocked) return;
      await this.storage.commit([this.limiter.giveBack(attempt)]);
      throw new MfaException('authenticator_locked');
    }
    const { attempts, lockAfter } = this.options.rateLimit;
    for (const row of wrong) {
      // Far from the cap nothing can have locked it, even with all attempts of a window at once.
      if (row.failures + attempts < lockAfter) continue;
      if (await this.authenticators.recordLock(row, new Date(this.clock.now()))) {
        this.notifier.notify('authenticator_locked', user, row);
      }
    }
  }
}
