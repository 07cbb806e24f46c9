import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import { isFirstFactor } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import type { Account } from '../engine/rows/account.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { recordsOf } from '../engine/rows/mfa-request.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import type { Judged } from './policy-facts.js';
import { PolicyFacts } from './policy-facts.js';

/** Finds users who must set up a second factor before anything else. */
@Injectable()
export class DueEnrollment {
  constructor(
    @Inject(PolicyFacts) private readonly facts: PolicyFacts,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
  ) {}

  /** Whether this user must have a second factor by now, regardless of the route. */
  async isDemanded(user: MfaUser, { state }: Account, context: MfaRequest): Promise<boolean> {
    return this.enrollment.mustEnroll(user, state, context);
  }

  /**
   * Refuses users who must set up a second factor first. They only reach the routes to do so.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  async assertNotOverdue(context: MfaRequest): Promise<void> {
    const methods = await this.overdueTypes(context);
    if (methods) throw new MfaException('mfa_enrollment_required', { methods });
  }

  /** The types of which one must be set up before anything else; null if none. */
  async overdueTypes(context: Judged): Promise<MfaType[] | null> {
    const { user, session } = context;
    const records = recordsOf(session);
    // What was proven here can only come from a factor.
    if (!user || records.some((record) => !isFirstFactor(record) && this.floor.meets(record))) return null;
    const account = await this.facts.accountOf(user, context);
    const isEnrolled = await this.facts.isEnrolled(user, account);
    // Under a profile, factors that don't meet it count as none.
    if (isEnrolled && (await this.floor.hasFitting(account.authenticators))) return null;
    const duty = await this.enrollment.duty(user, account.state, context);
    return duty?.isOverdue ? this.enrollment.supportedSecondFactors(records) : null;
  }
}
