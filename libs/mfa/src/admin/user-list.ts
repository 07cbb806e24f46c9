import { Inject, Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';

import { inListOrder } from '../engine/rows/account.js';
import { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorLock, AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { MfaType } from '../core/policy/methods.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { PrimaryReader } from '../storage/mfa-storage.js';
import { MfaUserState } from '../engine/rows/mfa-user-state.entity.js';

export const MFA_USER_LIST_STATES = ['enrolled', 'not_enrolled', 'enrollment_required', 'locked'] as const;

/**
 * `enrolled`: has a second factor; `not_enrolled`: is known here, but has none; `enrollment_required`: an administrator demands
 * one that doesn't exist yet; `locked`: a factor is locked after failures.
 */
export type MfaUserListState = (typeof MFA_USER_LIST_STATES)[number];

export interface MfaUserListQuery {
  state: MfaUserListState;
  /** The `next` of the previous page. */
  cursor?: string | null;
  /** Users per page, 1 to 1000. Default: 100. */
  limit?: number;
}

export interface MfaListedUser {
  userId: string;
  /** The factor types that the user has. */
  types: MfaType[];
  /** Whether one of their factors is locked. */
  locked: boolean;
  /** When one of their factors was last used. */
  lastUsedAt: Date | null;
}

/** A page of users, ordered by id. */
export interface MfaUserPage {
  users: MfaListedUser[];
  /** The cursor of the next page; null on the last one. */
  next: string | null;
}

const MAX_LIMIT = 1000;

/** Lists users with stored data, by status. */
@Injectable()
export class UserList {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** @throws {RangeError} when `limit` is not 1 to 1000, or the state doesn't exist */
  async find({ state, cursor, limit = 100 }: MfaUserListQuery): Promise<MfaUserPage> {
    if (!MFA_USER_LIST_STATES.includes(state))
      throw new RangeError(`\`state\` must be one of ${MFA_USER_LIST_STATES.join(', ')}`);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new RangeError(`\`limit\` must be a whole number from 1 to ${MAX_LIMIT}`);
    }
    const found = await this.storage.read((reader) =>
      // One more than asked for, to tell whether there is another page.
      this.idsOf(reader, state, cursor ?? null)
        .limit(limit + 1)
        .getRawMany<{ userId: string }>(),
    );
    const ids = found.slice(0, limit).map(({ userId }) => userId);
    return { users: await this.describe(ids), next: found.length > limit ? (ids.at(-1) ?? null) : null };
  }

  private async describe(ids: readonly string[]): Promise<MfaListedUser[]> {
    if (ids.length === 0) return [];
    const rows = await this.storage.read((reader) =>
      inListOrder(
        reader.createQueryBuilder(Authenticator, 'a').where('a.userId IN (:...ids)', { ids }),
      ).getMany(),
    );
    return ids.map((userId) => {
      const own = rows.filter((row) => row.userId === userId);
      const uses = own.map(({ lastUsedAt }) => lastUsedAt?.getTime() ?? 0);
      const lastUse = Math.max(0, ...uses);
      return {
        userId,
        types: [...new Set(own.map(({ type }) => type))],
        locked: own.some((row) => this.authenticators.isLocked(row)),
        lastUsedAt: lastUse > 0 ? new Date(lastUse) : null,
      };
    });
  }

  private idsOf(
    reader: PrimaryReader,
    state: MfaUserListState,
    cursor: string | null,
  ): SelectQueryBuilder<MfaUserState | Authenticator> {
    if (state === 'locked') {
      const query = reader
        .createQueryBuilder(Authenticator, 'a')
        .select('a.user_id', 'userId')
        .where('a.locked_at IS NOT NULL')
        .groupBy('a.user_id')
        .orderBy('a.user_id');
      const { where, parameters } = this.lock.openCondition(this.clock.now());
      query.andWhere(`NOT (${where})`, parameters);
      return cursor === null ? query : query.andWhere('a.user_id > :cursor', { cursor });
    }
    const query = reader
      .createQueryBuilder(MfaUserState, 'u')
      .select('u.user_id', 'userId')
      .where(`u.second_factors ${state === 'enrolled' ? '>' : '='} 0`)
      .orderBy('u.user_id');
    if (cursor !== null) query.andWhere('u.user_id > :cursor', { cursor });
    if (state === 'enrollment_required') query.andWhere('u.enrollment_required_from IS NOT NULL');
    return query;
  }
}
