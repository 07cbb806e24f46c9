import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../core/clock/clock.js';
import type { MfaType } from '../core/policy/methods.js';
import { newestRecord } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { recordsOf } from '../engine/rows/mfa-request.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import { RecoveryCodesService } from '../factors/recovery-codes/recovery-codes.service.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/** A user's status with regard to second factors. */
export interface MfaStatus {
  /** Whether the user has a second factor. */
  enabled: boolean;
  /** Whether the user must have a second factor. */
  required: boolean;
  /** Until when a user who must enroll may work without a second factor; null if not applicable. */
  enrollmentDeadline: Date | null;
  /** Whether a second factor was proven recently enough in this session. */
  verified: boolean;
  /** When a second factor was last proven in this session. */
  verifiedAt: Date | null;
  /** The factor types that the user can use now. */
  methods: MfaType[];
  recoveryCodes: { total: number; remaining: number };
}

/** Determines a user's status. */
@Injectable()
export class UserStatus {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async isEnabled(user: MfaUser, types?: readonly MfaType[]): Promise<boolean> {
    return this.adapter.isMfaEnabled(user, types);
  }

  /** `verified` requires the session in question. */
  async of(user: MfaUser, session: AuthenticationSession | null): Promise<MfaStatus> {
    const { state, authenticators } = await this.accounts.find(userIdOf(user));
    const enabled = await this.adapter.isMfaEnabled(user, undefined, authenticators);
    // Without a session, nobody is present for whom a grace period could start.
    const duty = await this.enrollment.duty(user, state, { session }, session !== null && !enabled);
    const records = recordsOf(session);
    const newest = newestRecord(records, (record) => this.floor.counts(record, records));
    const { total, remaining } = await this.recoveryCodes.summary(user);
    return {
      enabled,
      required: duty !== null,
      enrollmentDeadline: enabled ? null : (duty?.deadline ?? null),
      verified:
        newest !== undefined && isWithin(newest.at, this.options.gracePeriodSeconds, this.clock.now()),
      verifiedAt: newest ? new Date(newest.at) : null,
      methods: await this.availability.usableTypes(user, authenticators, records),
      recoveryCodes: { total, remaining },
    };
  }

  /** The status without a session, even of a user whom the application has deleted. */
  async ofId(id: string): Promise<MfaStatus> {
    return this.of((await findExactUser(this.adapter, id)) ?? { id }, null);
  }
}
