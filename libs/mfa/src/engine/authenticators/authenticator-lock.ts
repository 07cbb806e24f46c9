import { Inject, Injectable } from '@nestjs/common';

import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { Authenticator } from '../rows/authenticator.entity.js';

/**
 * The durable lock of an authenticator: it closes at `rateLimit.lockAfter` consecutive failures (NIST SP 800-63B-4, section
 * 3.2.2) and opens as `rateLimit.unlock` says; or when there is a copy of it, and then only an administrator opens it. All of it is decided by conditions on the row.
 */
@Injectable()
export class AuthenticatorLock {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Whether it has reached the cap, however long ago, or there is a copy of it. */
  hasTripped({ failures, clonedAt }: Authenticator): boolean {
    return clonedAt !== null || failures >= this.options.rateLimit.lockAfter;
  }

  /** Whether it is locked now. */
  isClosed(authenticator: Authenticator, now: number): boolean {
    if (authenticator.clonedAt !== null) return true;
    if (!this.hasTripped(authenticator)) return false;
    const cutoff = this.waitedSince(now);
    return cutoff === null || authenticator.lockedAt === null || authenticator.lockedAt.getTime() > cutoff;
  }

  /** The SQL of "not locked", with its parameters. */
  openCondition(now: number): { where: string; parameters: Record<string, unknown> } {
    const { lockAfter } = this.options.rateLimit;
    const lockCutoff = this.waitedSince(now);
    return lockCutoff === null
      ? { where: '(cloned_at IS NULL AND failures < :lockAfter)', parameters: { lockAfter } }
      : {
          where: '(cloned_at IS NULL AND (failures < :lockAfter OR locked_at <= :lockCutoff))',
          parameters: { lockAfter, lockCutoff },
        };
  }

  /** Counts a failure against each that is not locked. */
  planFailures(authenticators: readonly Authenticator[], now: number): Write {
    const open = this.openCondition(now);
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        // Behind the cap is only what has waited long enough.
        .set({
          lockedAt: null,
          failures: () => 'CASE WHEN failures >= :lockAfter THEN 1 ELSE failures + 1 END',
        })
        .where(`id IN (:...ids) AND ${open.where}`, {
          ids: authenticators.map(({ id }) => id),
          ...open.parameters,
        }),
    };
  }

  /** Notes when the cap was reached; changes a row for one caller only. */
  claimClosing({ id }: Authenticator, now: Date): Write {
    return {
      claim: 'lock',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ lockedAt: now })
        .where('id = :id AND locked_at IS NULL AND failures >= :lockAfter', {
          id,
          lockAfter: this.options.rateLimit.lockAfter,
        }),
    };
  }

  /**
   * Locks an authenticator of which there is a copy; changes a row for one caller only. Neither time nor another factor opens
   * this lock: the copy would be let in too.
   */
  claimCloned({ id }: Authenticator, now: Date): Write {
    return {
      claim: 'lock',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ clonedAt: now, lockedAt: now })
        .where('id = :id AND cloned_at IS NULL', { id }),
    };
  }

  /** Opens a locked authenticator; of two that do it, one does. */
  claimOpening({ id }: Authenticator): Write {
    return {
      claim: 'opening',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ failures: 0, lockedAt: null, clonedAt: null, unlockCodes: 0, unlockCodeAt: null })
        .where('id = :id AND (failures >= :lockAfter OR cloned_at IS NOT NULL)', {
          id,
          lockAfter: this.options.rateLimit.lockAfter,
        }),
    };
  }

  /** What another factor's proof opens, when the options say so. */
  openedByProofOf(authenticator: Authenticator, all: readonly Authenticator[]): Authenticator[] {
    if (!this.options.rateLimit.unlock.byOtherFactor) return [];
    return all.filter((row) => row.id !== authenticator.id && row.clonedAt === null && this.hasTripped(row));
  }

  private waitedSince(now: number): number | null {
    const { afterSeconds } = this.options.rateLimit.unlock;
    return afterSeconds === 0 ? null : now - afterSeconds * 1000;
  }
}
