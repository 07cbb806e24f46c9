import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaRequirementContext } from '../../adapter/hook-contexts.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK, hasHappened } from '../../core/clock/clock.js';
import { isOverSameChannel, SECOND_FACTOR_TYPES } from '../../core/policy/methods.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { AuthenticationRecord, MfaType } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from './user-state.service.js';

/** The duty to enroll a second factor, and how long the user may work without one. */
export interface EnrollmentDuty {
  /** Null if there is no grace period. */
  deadline: Date | null;
  isOverdue: boolean;
}

/** Decides who must have a second factor, and how long they may work without one. */
@Injectable()
export class EnrollmentPolicy {
  constructor(
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Whether this user must have a second factor by now, regardless of the route, because the application or an administrator
   * demands it.
   */
  async mustEnroll(
    user: MfaUser,
    state: MfaUserState | null,
    context: MfaRequirementContext = {},
  ): Promise<boolean> {
    return requiredFrom(state) <= this.clock.now() || this.adapter.isMfaRequired(user, context);
  }

  /** Whether the application considers the user enrolled. */
  async isEnrolled(user: MfaUser, authenticators: readonly Authenticator[]): Promise<boolean> {
    return this.adapter.isMfaEnabled(user, undefined, authenticators);
  }

  /**
   * Until when the user may pass `@RequireMfa()` without a second factor, in milliseconds since the epoch; null without a grace
   * period. The period starts at the first call and never restarts.
   */
  async deadline(
    user: MfaUser,
    state: MfaUserState | null,
    { session = null }: MfaRequirementContext = {},
  ): Promise<number | null> {
    const grace = await this.graceEnd(user, state, { starts: true, session });
    return grace === null ? null : Math.min(grace, requiredFrom(state));
  }

  /**
   * The enrollment duty of a user without a second factor; null if they need none.
   *
   * @param starts whether this call starts the grace period if it hasn't started yet
   */
  async duty(
    user: MfaUser,
    state: MfaUserState | null,
    context: MfaRequirementContext,
    starts = true,
  ): Promise<EnrollmentDuty | null> {
    const isRequired = await this.adapter.isMfaRequired(user, context);
    const from = requiredFrom(state);
    if (!isRequired && from === Infinity) return null;
    const grace = isRequired
      ? await this.graceEnd(user, state, { starts, session: context.session ?? null })
      : Infinity;
    if (grace === null) return { deadline: null, isOverdue: true };
    const deadline = Math.min(from, grace);
    return { deadline: new Date(deadline), isOverdue: this.clock.now() >= deadline };
  }

  /**
   * The end of the grace period, counted from now if it hasn't begun. Null for users who ever had a second factor: having lost
   * or removed it, they already know that one is needed. Also null while the clock is set back to before the period began.
   */
  private async graceEnd(
    user: MfaUser,
    state: MfaUserState | null,
    { starts, session }: { starts: boolean; session: AuthenticationSession | null },
  ): Promise<number | null> {
    const seconds = this.options.enrollmentGracePeriodSeconds;
    if (seconds === 0 || state?.enrolledAt) return null;
    const start = starts
      ? await this.states.startEnrollmentGrace(userIdOf(user), state, session)
      : (state?.enrollmentStartedAt ?? new Date(this.clock.now()));
    // A clock that was set back must not give back a grace period that was over.
    return hasHappened(start.getTime(), this.clock.now()) ? start.getTime() + seconds * 1000 : null;
  }

  /**
   * The types a user can enroll.
   *
   * @param records what the session holds: codes sent over the channel of its first factor would prove nothing more
   */
  supportedSecondFactors(records: readonly AuthenticationRecord[] = []): MfaType[] {
    return SECOND_FACTOR_TYPES.filter(
      (type) => this.options.supportedTypes.includes(type) && !isOverSameChannel(type, records),
    );
  }
}

/** When an administrator's demand for a second factor takes effect; Infinity if there is none. */
function requiredFrom(state: MfaUserState | null): number {
  return state?.enrollmentRequiredFrom?.getTime() ?? Infinity;
}
