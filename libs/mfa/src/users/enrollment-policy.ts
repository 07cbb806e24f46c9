import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../policy/methods.js';
import { SECOND_FACTOR_TYPES } from '../policy/methods.js';
import { UserStateService } from './user-state.service.js';

/** Who must have a second factor, and until when they may work without. */
@Injectable()
export class EnrollmentPolicy {
  constructor(
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether this user must have a second factor, whatever a route says. */
  mustEnrol(user: MfaUser): boolean {
    return this.options.requiredForStaff && user.isStaff === true;
  }

  /**
   * Until when a user who must enrol may work without, milliseconds since the epoch; null without a grace period. The
   * period starts at the first call and never again.
   */
  async deadline(user: MfaUser): Promise<number | null> {
    const seconds = this.options.enrollmentGracePeriodSeconds;
    if (seconds === 0) return null;
    const start = await this.states.startEnrollmentGrace(userIdOf(user));
    return start.getTime() + seconds * 1000;
  }

  /** Whether an unenrolled user must enrol and has no time left. */
  async isOverdue(user: MfaUser): Promise<boolean> {
    if (!this.mustEnrol(user)) return false;
    const deadline = await this.deadline(user);
    return deadline === null || this.clock.now() >= deadline;
  }

  /** The types with which a user can enrol. */
  supportedSecondFactors(): MfaType[] {
    return SECOND_FACTOR_TYPES.filter((type) => this.options.supportedTypes.includes(type));
  }
}
