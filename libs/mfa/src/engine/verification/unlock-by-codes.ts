import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AUTHENTICATOR_CLAIM, AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { Authenticator } from '../rows/authenticator.entity.js';

/** How close a locked authenticator is to being unlocked. */
export interface UnlockProgress {
  codesLeft: number;
  /** The earliest time at which the next code counts. */
  nextCodeAt: Date;
}

/**
 * Unlocks an authenticator app with several right codes in a row, each of a later time step and some time after the previous
 * one: a stranger who guesses can't keep that up, and the owner needs nobody's help.
 */
@Injectable()
export class UnlockByCodes {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  get isEnabled(): boolean {
    return this.unlock.byCodes > 0;
  }

  /** Whether a right code would come too soon after the previous one. */
  isTooSoon({ unlockCodeAt }: Authenticator): boolean {
    return (
      unlockCodeAt !== null &&
      unlockCodeAt.getTime() + this.unlock.codesApartSeconds * 1000 > this.clock.now()
    );
  }

  /** The progress that the row records. */
  progress({
    unlockCodes,
    unlockCodeAt,
  }: Pick<Authenticator, 'unlockCodes' | 'unlockCodeAt'>): UnlockProgress {
    const { byCodes, codesApartSeconds } = this.unlock;
    const from = unlockCodeAt ? unlockCodeAt.getTime() + codesApartSeconds * 1000 : this.clock.now();
    return { codesLeft: byCodes - unlockCodes, nextCodeAt: new Date(from) };
  }

  /** Claims a right code towards unlocking; `opens` when it is the last one needed. */
  claimCode(
    row: Authenticator,
    lastStep: number,
  ): { write: Write; opens: boolean; progress: UnlockProgress } {
    const now = new Date(this.clock.now());
    const unlockCodes = row.unlockCodes + 1;
    const opens = unlockCodes >= this.unlock.byCodes;
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(Authenticator)
      .set({
        ...this.authenticators.sealStep(row, lastStep),
        ...(opens
          ? { failures: 0, lockedAt: null, unlockCodes: 0, unlockCodeAt: null, lastUsedAt: now }
          : { unlockCodes, unlockCodeAt: now }),
      })
      .where(
        'id = :id AND data = :data AND failures >= :lockAfter AND unlock_codes = :seen ' +
          'AND suspended_at IS NULL AND (last_step IS NULL OR last_step < :lastStep)',
        {
          id: row.id,
          data: row.data,
          lockAfter: this.options.rateLimit.lockAfter,
          seen: row.unlockCodes,
          lastStep,
        },
      );
    return {
      write: { claim: AUTHENTICATOR_CLAIM, query },
      opens,
      progress: this.progress({ unlockCodes, unlockCodeAt: now }),
    };
  }

  /** Restarts the count after a wrong code. */
  planRestart(authenticators: readonly Authenticator[]): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ unlockCodes: 0, unlockCodeAt: null })
        .where('id IN (:...ids) AND unlock_codes > 0', { ids: authenticators.map(({ id }) => id) }),
    };
  }

  private get unlock(): ResolvedMfaOptions['rateLimit']['unlock'] {
    return this.options.rateLimit.unlock;
  }
}
