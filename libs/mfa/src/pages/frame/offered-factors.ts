import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { FACTORS } from '../../factors/factors.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { traitsOf } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { EnrollmentPolicy } from '../../engine/users/enrollment-policy.js';

/** The factors that a user can add: nothing that the next step would refuse. */
export interface Offer {
  types: readonly MfaType[];
  /** Whether more factors become available once the user has verified their email address. */
  mustVerifyEmail: boolean;
}

/** Determines which factors a user can add now. */
@Injectable()
export class OfferedFactors {
  constructor(
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @param authenticators the user's authenticators */
  find(
    user: MfaUser,
    authenticators: readonly Pick<AuthenticatorView, 'type'>[],
    context: Pick<MfaRequest, 'records'>,
  ): Offer {
    const possible = this.enrollment
      .supportedSecondFactors(context.records)
      .filter((type) => this.hasRoom(type, authenticators))
      .filter((type) => this.registry.find(type)?.isOffered?.(user) ?? true);
    const refusals = possible.map((type) => this.refusalOf(user, type));
    return {
      types: possible.filter((_, index) => refusals[index] === null),
      mustVerifyEmail: refusals.includes('unverified_email'),
    };
  }

  private hasRoom(type: MfaType, authenticators: readonly Pick<AuthenticatorView, 'type'>[]): boolean {
    const count = authenticators.filter((one) => one.type === type).length;
    const parts = FACTORS.find((one) => one.type === type);
    return count < (parts?.maxPerUser?.(this.options) ?? traitsOf(type)?.maxPerUser ?? 1);
  }

  private refusalOf(user: MfaUser, type: MfaType): string | null {
    try {
      this.adding.assertMayEnroll(user, type);
      return null;
    } catch (error) {
      if (error instanceof MfaException) return error.code;
      throw error;
    }
  }
}
