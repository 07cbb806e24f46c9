import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaType } from '../core/policy/methods.js';
import { isSecondFactor } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { Account } from '../engine/rows/account.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';

/** A user's state at the time of a sign-in. */
export interface Standing {
  account: Account;
  /** Whether a second factor is owed. */
  isEnrolled: boolean;
}

/** A second factor that must be set up. */
export interface OwedEnrollment {
  /** Whether it must be set up before anything else. */
  isOverdue: boolean;
  deadline: Date | null;
  /** The types that can be set up. */
  methods: MfaType[];
}

/** What a user owes after the first factor. */
@Injectable()
export class OwedFactors {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async standingOf(user: MfaUser): Promise<Standing> {
    const account = await this.accounts.find(userIdOf(user));
    const isEnrolled = await this.adapter.isMfaEnabled(user, undefined, account.authenticators);
    return { account, isEnrolled };
  }

  /** The types with which an enrolled user can complete this sign-in. */
  async usableTypes(
    user: MfaUser,
    { account }: Standing,
    { methods }: AuthenticationSession,
  ): Promise<MfaType[]> {
    return this.availability.usableTypes(user, account.authenticators, methods);
  }

  /** What a user who isn't enrolled has to set up; null if nothing. */
  async enrollmentOf(
    user: MfaUser,
    { account }: Pick<Standing, 'account'>,
    { request, session }: { request: object; session: AuthenticationSession },
  ): Promise<OwedEnrollment | null> {
    const duty = await this.enrollment.duty(user, account.state, { request, session });
    return duty && { ...duty, methods: this.enrollment.supportedSecondFactors(session.methods) };
  }

  /** The types that a user without a factor that meets the profile must enroll before anything else; null if they need not. */
  async underProfile(
    user: MfaUser,
    authenticators: readonly Authenticator[],
    scope: { request: object; session: AuthenticationSession },
  ): Promise<MfaType[] | null> {
    const { methods } = scope.session;
    if (methods.some((record) => isSecondFactor(record) && this.floor.meets(record))) return null;
    if (await this.floor.hasFitting(authenticators)) return null;
    const account = await this.accounts.find(userIdOf(user));
    const owed = await this.enrollmentOf(user, { account }, scope);
    return owed?.isOverdue ? owed.methods : null;
  }
}
