import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import type { MfaType } from '../../core/policy/methods.js';
import { MFA_TYPES } from '../../core/policy/methods.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { NamedValues } from '../../storage/prepared-statements.js';
import { AccountsService } from './accounts.service.js';
import { FactorTables } from './factor-tables.js';
import { isGenuineAuthenticator, sealAuthenticator, Authenticator } from '../rows/authenticator.entity.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/**
 * The durable lock of an authenticator. It closes at `rateLimit.lockAfter` consecutive failures (NIST SP 800-63B-4, section
 * 3.2.2) and opens according to `rateLimit.unlock`. It also closes when a copy is detected, and then only an administrator
 * opens it. All of this is decided by conditions on the row.
 */
@Injectable()
export class AuthenticatorLock {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Whether it has reached the cap, however long ago, or was cloned. */
  hasTripped({ failures, clonedAt }: Authenticator): boolean {
    return clonedAt !== null || failures >= this.options.rateLimit.lockAfter;
  }

  /** Whether it currently verifies nothing: it is locked or suspended. */
  isClosed(authenticator: Authenticator, now: number): boolean {
    if (authenticator.suspendedAt !== null || authenticator.clonedAt !== null) return true;
    if (!this.hasTripped(authenticator)) return false;
    const cutoff = this.waitedSince(now);
    return cutoff === null || authenticator.lockedAt === null || authenticator.lockedAt.getTime() > cutoff;
  }

  /** The SQL condition "neither locked nor suspended", with its parameters. */
  openCondition(now: number): { where: string; parameters: NamedValues } {
    const { lockAfter } = this.options.rateLimit;
    const lockCutoff = this.waitedSince(now);
    return lockCutoff === null
      ? {
          where: '(suspended_at IS NULL AND cloned_at IS NULL AND failures < :lockAfter)',
          parameters: { lockAfter },
        }
      : {
          where:
            '(suspended_at IS NULL AND cloned_at IS NULL AND (failures < :lockAfter OR locked_at <= :lockCutoff))',
          parameters: { lockAfter, lockCutoff },
        };
  }

  /** Counts a failure against each authenticator that is not locked. */
  planFailures(authenticators: readonly Authenticator[], now: number): Write {
    const open = this.openCondition(now);
    return {
      query: this.storage.statements.update(
        Authenticator,
        // Rows at the cap that match have waited long enough, so their count starts over.
        {
          lockedAt: null,
          failures: () => 'CASE WHEN failures >= :lockAfter THEN 1 ELSE failures + 1 END',
        },
        `id IN (:...ids) AND ${open.where}`,
        { ids: authenticators.map(({ id }) => id), ...open.parameters },
      ),
    };
  }

  /** Records when the cap was reached. It changes the row for one caller only. */
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
   * Locks a cloned authenticator. It changes the row for one caller only. Neither time nor another factor opens this lock,
   * since that would let the copy in too.
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

  /** Opens a locked authenticator. If two callers do, one wins. */
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

  /** The authenticators that another factor's proof opens, if the options allow it. */
  openedByProofOf(authenticator: Authenticator, all: readonly Authenticator[]): Authenticator[] {
    if (!this.options.rateLimit.unlock.byOtherFactor) return [];
    return all.filter((row) => row.id !== authenticator.id && row.clonedAt === null && this.hasTripped(row));
  }

  /** Suspends an authenticator that isn't suspended as of `since`, or (null) resumes one that is. */
  claimSuspension({ id, userId }: Authenticator, since: Date | null): Write['query'] {
    return this.storage.dataSource
      .createQueryBuilder()
      .update(Authenticator)
      .set({ suspendedAt: since })
      .where(`id = :id AND user_id = :userId AND suspended_at IS ${since === null ? 'NOT NULL' : 'NULL'}`, {
        id,
        userId,
      });
  }

  private waitedSince(now: number): number | null {
    const { afterSeconds } = this.options.rateLimit.unlock;
    return afterSeconds === 0 ? null : now - afterSeconds * 1000;
  }
}

/** The claim that is lost when an authenticator was locked, removed, or used by a faster request after it was read. */
export const AUTHENTICATOR_CLAIM = 'authenticator';

/** The claim that is lost when an authenticator no longer exists. */
export const REMOVAL_CLAIM = 'removal';

/** The rows that all factors share: finds and adds them, and records their use. */
@Injectable()
export class AuthenticatorsService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** The user's authenticators, oldest first. */
  async find(userId: string): Promise<Authenticator[]> {
    return (await this.accounts.find(userId)).authenticators;
  }

  /**
   * Whether it currently verifies nothing: it is locked after too many failures or because it was cloned, or it is suspended.
   */
  isLocked(authenticator: Authenticator): boolean {
    return this.lock.isClosed(authenticator, this.clock.now());
  }

  /** Whether it was locked, but long enough ago that it is open again. */
  hasWaited(authenticator: Authenticator): boolean {
    return this.lock.hasTripped(authenticator) && !this.isLocked(authenticator);
  }

  /** Whether the row is as this module wrote it, and may verify a proof. */
  isGenuine(authenticator: Authenticator): boolean {
    return isGenuineAuthenticator(this.keyRing, authenticator);
  }

  /** The types of which the user has an authenticator that works now. */
  usableTypes(authenticators: readonly Authenticator[]): MfaType[] {
    const usable = authenticators.filter((row) => !this.isLocked(row) && row.remaining !== 0);
    return MFA_TYPES.filter((type) => usable.some((row) => row.type === type));
  }

  planInsertion(authenticator: Authenticator): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(Authenticator)
        .values({ ...authenticator, seal: sealAuthenticator(this.keyRing, authenticator) }),
    };
  }

  /**
   * Removes these authenticators of the user, and what their factors store in their own tables. The claim is lost if one of
   * them no longer exists.
   *
   * @param all all of the user's authenticators, including the removed ones
   */
  planRemoval(userId: string, removed: readonly Authenticator[], all: readonly Authenticator[]): Write[] {
    return [
      // First, just as a use claims it first: whoever comes second waits here and sees nothing half done.
      ...removed.map(({ id }) => this.planDeletion(userId, id)),
      ...this.factorTables.planRemoval(userId, removed, all),
    ];
  }

  /**
   * Replaces one of the user's authenticators by a new one of its type, and removes what their factor stores for the old one in
   * its own tables. The claim is lost if the old one no longer exists.
   *
   * @param ownClaims what the new one claims in these tables, which may be among what is removed
   * @param all all of the user's authenticators, including the old one
   */
  planReplacement(
    replaced: Authenticator,
    next: Authenticator,
    ownClaims: readonly Write[],
    all: readonly Authenticator[],
  ): Write[] {
    return [
      this.planDeletion(replaced.userId, replaced.id),
      this.planInsertion(next),
      ...ownClaims,
      ...this.factorTables.planReplacement(replaced, all),
    ];
  }

  private planDeletion(userId: string, id: string): Write {
    return {
      claim: REMOVAL_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(Authenticator)
        .where('id = :id AND user_id = :userId', { id, userId }),
    };
  }

  /** Claims that the authenticator still exists, for what is stored for it. */
  claimPresence({ id, userId }: Authenticator): Write {
    return {
      claim: 'presence',
      query: this.storage.statements.update(Authenticator, { userId }, 'id = :id AND user_id = :userId', {
        id,
        userId,
      }),
    };
  }

  /**
   * Records a use. Like the counting of failures, it is conditional on the cap: every guess changes the row or is refused, so
   * no more than `lockAfter` wrong guesses in a row are ever verified, however many come at once. The seal of a time step
   * covers the data it was verified with, so that is claimed too.
   *
   * @param set further columns of the row
   * @param condition a further condition of the claim
   */
  claimUse(
    row: Authenticator,
    now: Date,
    set: Partial<Pick<Authenticator, 'lastStep' | 'remaining' | 'data'>> = {},
    condition?: { where: string; parameters: NamedValues },
  ): Write {
    const open = this.lock.openCondition(now.getTime());
    const { id, data } = row;
    const isSealed = 'lastStep' in set || 'data' in set;
    const sealed = isSealed ? { seal: sealAuthenticator(this.keyRing, { ...row, ...set }) } : {};
    return {
      claim: AUTHENTICATOR_CLAIM,
      query: this.storage.statements.update(
        Authenticator,
        {
          lastUsedAt: now,
          failures: 0,
          lockedAt: null,
          unlockCodes: 0,
          unlockCodeAt: null,
          ...set,
          ...sealed,
        },
        `id = :id AND data = :data AND ${open.where}${condition ? ` AND (${condition.where})` : ''}`,
        { id, data, ...open.parameters, ...condition?.parameters },
      ),
    };
  }

  /** The columns that record, under seal, that this time step was the last one accepted. */
  sealStep(row: Authenticator, lastStep: number): Pick<Authenticator, 'lastStep' | 'seal'> {
    return { lastStep, seal: sealAuthenticator(this.keyRing, { ...row, lastStep }) };
  }
}
