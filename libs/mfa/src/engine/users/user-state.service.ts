import { Inject, Injectable } from '@nestjs/common';

import { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { SECOND_FACTOR_TYPES } from '../../core/policy/factor-traits.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';

/** The claim that is lost when the user's factors changed after they were read. */
export const VERSION_CLAIM = 'version';

/** Reads and makes the row that is kept once per user. */
@Injectable()
export class UserStateService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async find(userId: string): Promise<MfaUserState | null> {
    return this.storage.read((dataSource) =>
      dataSource.createQueryBuilder(MfaUserState, 'u').where('u.userId = :userId', { userId }).getOne(),
    );
  }

  /** The row, made when there is none; two requests that make it at once get the same one. */
  async ensure(userId: string): Promise<MfaUserState> {
    const found = await this.find(userId);
    if (found) return found;
    await this.storage.commit([this.planCreation(userId)]);
    return (await this.find(userId)) as MfaUserState;
  }

  /**
   * When the user was first told to enroll, recorded now when it is the first time.
   *
   * @param known the row, when the caller has read it
   */
  async startEnrollmentGrace(userId: string, known?: MfaUserState | null): Promise<Date> {
    const state = known ?? (await this.find(userId));
    if (state?.enrollmentStartedAt) return state.enrollmentStartedAt;
    const now = new Date(this.clock.now());
    if (!state && (await this.storage.write(this.insertion(userId, now))) === 1) return now;
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ enrollmentStartedAt: now })
        .where('user_id = :userId AND enrollment_started_at IS NULL', { userId }),
    );
    return (await this.ensure(userId)).enrollmentStartedAt ?? now;
  }

  /** The row of somebody of whom nothing is kept; {@link planCreation} makes it. */
  blank(userId: string): MfaUserState {
    return Object.assign(new MfaUserState(), blankRow(userId));
  }

  /** Makes the row unless it is there: in the commit that needs it, so that nothing stays behind when that does not happen. */
  planCreation(userId: string): Write {
    return { query: this.insertion(userId, null) };
  }

  /**
   * Claims that the user's factors are as they were read with `state`, and the right to change them.
   *
   * @param isChange false when they stay as they are: then the version does too
   */
  claimVersion(state: MfaUserState, isChange = true): Write {
    return {
      claim: VERSION_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ version: () => (isChange ? 'version + 1' : 'version') })
        .where('user_id = :userId AND version = :seen', { userId: state.userId, seen: state.version }),
    };
  }

  /**
   * Counts the user's second factors anew, and notes when there was a first one: the last statement of a commit that changes
   * them, after {@link claimVersion}.
   */
  planFactorCount(userId: string): Write {
    const { dataSource } = this.storage;
    // Only passkeys that are no second factor have a role; see `isSecondFactorRow`.
    const count = dataSource
      .createQueryBuilder(Authenticator, 'a')
      .select('COUNT(*)')
      .where('a.user_id = :userId AND a.type IN (:...types) AND a.role IS NULL', {
        types: SECOND_FACTOR_TYPES,
      });
    return {
      query: dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({
          secondFactors: () => `(${count.getQuery()})`,
          enrolledAt: () =>
            `CASE WHEN (${count.getQuery()}) > 0 THEN COALESCE(enrolled_at, :now) ELSE enrolled_at END`,
        })
        .setParameters({ ...count.getParameters(), now: this.clock.now() })
        .where('user_id = :userId', { userId }),
    };
  }

  /** Records from when on an administrator demands a second factor; null: no more. */
  planEnrollmentRequired(userId: string, from: Date | null): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ enrollmentRequiredFrom: from })
        .where('user_id = :userId', { userId }),
    };
  }

  private insertion(userId: string, enrollmentStartedAt: Date | null): Write['query'] {
    return this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(MfaUserState)
      .values({ ...blankRow(userId), enrollmentStartedAt })
      .orIgnore();
  }
}

function blankRow(userId: string): MfaUserState {
  return {
    userId,
    version: 0,
    secondFactors: 0,
    attempts: 0,
    windowStartedAt: null,
    exhaustedToldAt: null,
    messages: null,
    messagesFrom: null,
    enrollmentStartedAt: null,
    enrolledAt: null,
    enrollmentRequiredFrom: null,
    userHandle: null,
  };
}
