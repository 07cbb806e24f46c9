import { Inject, Injectable } from '@nestjs/common';

import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MFA_TYPES, isBackupType } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import { GREATEST_COUNT } from '../../storage/columns.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { PreparedRead } from '../../storage/prepared-statements.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';

/** The claim that is lost when the user's factors changed after they were read. */
export const VERSION_CLAIM = 'version';

const STATE: PreparedRead<{ u: MfaUserState }> = {
  entities: { u: MfaUserState },
  parameters: ['userId'],
  build: (dataSource, parameters) =>
    dataSource.createQueryBuilder(MfaUserState, 'u').where('u.userId = :userId').setParameters(parameters),
};

/** The session on whose behalf something is stored; null if it is none of this module's. */
type Presence = Pick<AuthenticationSession, 'id'> | null;

/** Reads and creates the row that each user has. */
@Injectable()
export class UserStateService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async find(userId: string): Promise<MfaUserState | null> {
    const [row] = await this.storage.read((reader) => reader.rows(STATE, { userId }));
    return row?.u ?? null;
  }

  /**
   * Returns the user's row, creating it if there is none. Concurrent requests get the same row. Null if the user was forgotten
   * in the meantime: nothing may be stored for them again.
   *
   * @param session the session it is needed for, which must not have ended. Without one, the application vouches for the user
   */
  async ensure(userId: string, session: Presence = null): Promise<MfaUserState | null> {
    const found = await this.find(userId);
    if (found) return found;
    await this.storage.commit([this.planCreation(userId), ...this.claimPresence(userId, session)]);
    return this.find(userId);
  }

  /**
   * When the user was first told to enroll; recorded now if this is the first time.
   *
   * @param known the row, if the caller has read it
   * @param session as for {@link ensure}
   */
  async startEnrollmentGrace(
    userId: string,
    known?: MfaUserState | null,
    session: Presence = null,
  ): Promise<Date> {
    const state = known ?? (await this.find(userId));
    if (state?.enrollmentStartedAt) return state.enrollmentStartedAt;
    const now = new Date(this.clock.now());
    if (!state) {
      const creation = { query: this.insertion(userId, now) };
      const made = await this.storage.commit([creation, ...this.claimPresence(userId, session)]);
      if (!made.committed || made.affected[0] === 1) return now;
    }
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ enrollmentStartedAt: now })
        .where('user_id = :userId AND enrollment_started_at IS NULL', { userId }),
    );
    return (await this.find(userId))?.enrollmentStartedAt ?? now;
  }

  /** The row of a user nothing is stored for yet; {@link planCreation} creates it. */
  blank(userId: string): MfaUserState {
    return Object.assign(new MfaUserState(), blankRow(userId));
  }

  /** Creates the row unless it exists. Part of the commit that needs it, so nothing stays behind if that fails. */
  planCreation(userId: string): Write {
    return { query: this.insertion(userId, null) };
  }

  /**
   * Claims that the user's factors are as they were read with `state`, and the right to change them.
   *
   * @param isChange false if the factors stay the same; the version then does too
   */
  claimVersion({ userId, version: seen }: MfaUserState, isChange = true): Write {
    const update = this.storage.dataSource.createQueryBuilder().update(MfaUserState);
    // A version that is none, or is followed by none, would refuse all changes for good: they begin to count anew.
    const query =
      seen < GREATEST_COUNT
        ? update
            .set({ version: () => (isChange ? 'version + 1' : 'version') })
            .where('user_id = :userId AND version = :seen', { userId, seen })
        : update
            .set({ version: 1 })
            .where(`user_id = :userId AND NOT (version < ${GREATEST_COUNT})`, { userId });
    return { claim: VERSION_CLAIM, query };
  }

  /**
   * Recounts the user's second factors and records when there first was one. Must be the last statement of a commit that
   * changes them, after {@link claimVersion}.
   */
  planFactorCount(userId: string): Write {
    const { dataSource } = this.storage;
    // As `isSecondFactorRow` says; only passkeys that aren't a second factor have a role.
    const count = dataSource
      .createQueryBuilder(Authenticator, 'a')
      .select('COUNT(*)')
      .where('a.user_id = :userId AND a.role IS NULL');
    const backups = MFA_TYPES.filter(isBackupType);
    if (backups.length > 0) count.andWhere('a.type NOT IN (:...backups)', { backups });
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

  /** Records from when on an administrator demands a second factor; null withdraws the demand. */
  planEnrollmentRequired(userId: string, from: Date | null): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({ enrollmentRequiredFrom: from })
        .where('user_id = :userId', { userId }),
    };
  }

  /**
   * Claims that the session has not ended, since forgetting a user ends all of theirs. It comes after the user's row, as in
   * every other commit.
   */
  private claimPresence(userId: string, session: Presence): Write[] {
    if (!session) return [];
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(AuthenticationSession)
      .set({ userId })
      .where('id = :id AND user_id = :userId', { id: session.id, userId });
    return [{ claim: 'presence', query }];
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
