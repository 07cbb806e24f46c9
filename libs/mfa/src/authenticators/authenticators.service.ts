import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../policy/methods.js';
import { MFA_TYPES } from '../policy/methods.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { Write } from '../storage/mfa-storage.js';
import { Authenticator } from './authenticator.entity.js';

/** The rows that all factors share: reading them, and counting their failures. */
@Injectable()
export class AuthenticatorsService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** The user's authenticators, oldest first. */
  async find(userId: string): Promise<Authenticator[]> {
    return this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(Authenticator, 'a')
        .where('a.userId = :userId', { userId })
        .orderBy('a.createdAt')
        // Recovery codes are made in the same moment as the first factor, and come after it.
        .addOrderBy('a.type', 'DESC')
        .getMany(),
    );
  }

  /** Whether too many failures have disabled it. */
  isLocked({ failures }: Authenticator): boolean {
    return failures >= this.options.rateLimit.lockAfter;
  }

  /** The types of which the user has something that works now. */
  usableTypes(authenticators: readonly Authenticator[]): MfaType[] {
    const usable = authenticators.filter((row) => !this.isLocked(row) && row.remaining !== 0);
    return MFA_TYPES.filter((type) => usable.some((row) => row.type === type));
  }

  /**
   * Gives one of the user's authenticators another name and returns it.
   *
   * @throws {MfaException} `not_found`
   */
  async rename(userId: string, id: string, name: string): Promise<Authenticator> {
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ name })
        .where('id = :id AND user_id = :userId', { id, userId }),
    );
    const renamed = (await this.find(userId)).find((row) => row.id === id);
    if (!renamed) throw new MfaException('not_found');
    return renamed;
  }

  planInsertion(authenticator: Authenticator): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(Authenticator)
        .values(authenticator)
        .updateEntity(false),
    };
  }

  /**
   * Records a use. It is conditional on the cap, as is {@link recordFailures}: every guess changes the row or is refused, so
   * no more than `lockAfter` wrong guesses in a row are ever judged, however many come at once.
   *
   * @param set further columns of the row
   * @param condition a further condition of the claim
   */
  claimUse(
    { id }: Authenticator,
    now: Date,
    set: Partial<Record<'lastStep', number> & Record<'remaining', () => string>> = {},
    condition?: { where: string; parameters: Record<string, unknown> },
  ): Write {
    return {
      claim: 'authenticator',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ lastUsedAt: now, failures: 0, lockedAt: null, ...set })
        .where(`id = :id AND failures < :lockAfter${condition ? ` AND (${condition.where})` : ''}`, {
          id,
          lockAfter: this.options.rateLimit.lockAfter,
          ...condition?.parameters,
        }),
    };
  }

  /** Counts a failure against each; returns how many of them could still be counted. */
  async recordFailures(authenticators: readonly Authenticator[]): Promise<number> {
    if (authenticators.length === 0) return 0;
    return this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ failures: () => 'failures + 1' })
        .where('id IN (:...ids) AND failures < :lockAfter', {
          ids: authenticators.map(({ id }) => id),
          lockAfter: this.options.rateLimit.lockAfter,
        }),
    );
  }

  /** Notes when the cap was reached; true for the one caller that notes it. */
  async recordLock({ id }: Authenticator, now: Date): Promise<boolean> {
    const changed = await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(Authenticator)
        .set({ lockedAt: now })
        .where('id = :id AND locked_at IS NULL AND failures >= :lockAfter', {
          id,
          lockAfter: this.options.rateLimit.lockAfter,
        }),
    );
    return changed === 1;
  }
}
