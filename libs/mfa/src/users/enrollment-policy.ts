import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import type { MfaRequirementContext } from '../adapter/hook-contexts.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../policy/methods.js';
import { SECOND_FACTOR_TYPES } from '../policy/methods.js';
import type { MfaUserState } from './mfa-user-state.entity.js';
import { UserStateService } from './user-state.service.js';

/** Who must have a second factor, and until when they may work without. */
@Injectable()
export class EnrollmentPolicy {
  constructor(
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether this user must have a second factor, whatever a route says: the application or an administrator demands it. */
  async mustEnrol(
    user: MfaUser,
    state: MfaUserState | null,
    context: MfaRequirementContext = {},
  ): Promise<boolean> {
    return Boolean(state?.enrollmentRequiredFrom) || this.adapter.isMfaRequired(user, context);
  }

  /**
   * Until when a user who must enrol may work without, milliseconds since the epoch; null without a grace period. The
   * period starts at the first call and never again; an administrator's demand has a moment of its own.
   */
  async deadline(user: MfaUser, state: MfaUserState | null): Promise<number | null> {
    if (state?.enrollmentRequiredFrom) return state.enrollmentRequiredFrom.getTime();
    const seconds = this.options.enrollmentGracePeriodSeconds;
    if (seconds === 0) return null;
    const start = await this.states.startEnrollmentGrace(userIdOf(user), state);
    return start.getTime() + seconds * 1000;
  }

  /** Until when someone who must enrol and has not may work, or `overdue`; null for everybody else. */
  async duty(
    user: MfaUser,
    state: MfaUserState | null,
    context: MfaRequirementContext,
  ): Promise<'overdue' | Date | null> {
    if (!(await this.mustEnrol(user, state, context))) return null;
    const deadline = await this.deadline(user, state);
    return deadline === null || this.clock.now() >= deadline ? 'overdue' : new Date(deadline);
  }

  /** The types with which a user can enrol. */
  supportedSecondFactors(): MfaType[] {
    return SECOND_FACTOR_TYPES.filter((type) => this.options.supportedTypes.includes(type));
  }
}
