import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import type { AuthenticatorView } from '../authenticators/authenticator-view.js';
import { AddAuthenticatorFlow } from '../enrolment/add-authenticator.flow.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../policy/methods.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';

/** What a user is offered to add: nothing that would be refused in the next step. */
export interface Offer {
  types: readonly MfaType[];
  /** Whether there is more, once the user has verified their email address. */
  mustVerifyEmail: boolean;
}

/** Finds out what a user can add now. */
@Injectable()
export class OfferedFactors {
  constructor(
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @param authenticators the user's */
  find(user: MfaUser, authenticators: readonly Pick<AuthenticatorView, 'type'>[]): Offer {
    const possible = this.enrollment
      .supportedSecondFactors()
      .filter((type) => this.hasRoom(type, authenticators));
    const refusals = possible.map((type) => this.refusalOf(user, type));
    return {
      types: possible.filter((_, index) => refusals[index] === null),
      mustVerifyEmail: refusals.includes('unverified_email'),
    };
  }

  private hasRoom(type: MfaType, authenticators: readonly Pick<AuthenticatorView, 'type'>[]): boolean {
    const count = authenticators.filter((one) => one.type === type).length;
    return type !== 'totp' || count < this.options.totp.maxPerUser;
  }

  private refusalOf(user: MfaUser, type: MfaType): string | null {
    try {
      this.adding.assertMayEnrol(user, type);
      return null;
    } catch (error) {
      if (error instanceof MfaException) return error.code;
      throw error;
    }
  }
}
