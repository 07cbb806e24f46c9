import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { isTrustedBrowser } from '../core/policy/methods.js';
import type { MfaRequirement, MfaPolicyDecision } from '../core/policy/policy.js';
import { asksForKeys, decide, satisfies } from '../core/policy/policy.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { AuthenticatorDetails } from '../engine/authenticators/authenticator-list.js';
import { AUTHENTICATOR_DETAILS, keyFactsOf } from '../engine/authenticators/authenticator-list.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import type { Account } from '../engine/rows/account.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { recordsOf } from '../engine/rows/mfa-request.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/** What is judged: a request, or a user with a session. */
export type Judged = Pick<MfaRequest, 'user' | 'session'> & {
  account?: Account | null;
  request?: object;
};

/** Gathers the facts for a decision, and no more than it needs, since each costs a query. */
@Injectable()
export class PolicyFacts {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(AUTHENTICATOR_DETAILS) private readonly details: readonly AuthenticatorDetails[],
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** What is stored for the user, unless it was already read with the session. */
  async accountOf(user: MfaUser, { account }: Judged): Promise<Account> {
    return account ?? this.accounts.find(userIdOf(user));
  }

  /** Whether this account has a second factor. */
  async isEnrolled(user: MfaUser, { authenticators }: Account): Promise<boolean> {
    return this.enrollment.isEnrolled(user, authenticators);
  }

  /**
   * Decides on this requirement and the demands of the profile.
   *
   * @param hasGrace whether users may pass without a second factor during the grace period
   * @param now the time of the decision. Default: the time at which it is made
   */
  async decide(
    asked: MfaRequirement,
    context: Judged,
    { hasGrace = true, now = this.clock.now() }: { hasGrace?: boolean; now?: number | undefined } = {},
  ): Promise<MfaPolicyDecision> {
    const { user } = context;
    const requirement = this.floor.raise(asked, recordsOf(context.session));
    const session = {
      hasUser: user !== null,
      records: await this.livingRecords(requirement, context),
      now,
      defaultMaxAge: this.options.gracePeriodSeconds,
    };
    if (!user) return decide(requirement, { ...session, ...NOTHING_KNOWN });
    if (satisfies(requirement, session)) return { allow: true };

    const account = await this.accountOf(user, context);
    const { state, authenticators } = account;
    const enrolled = await this.isEnrolled(user, account);
    return decide(requirement, {
      ...session,
      mustEnroll: await this.enrollment.mustEnroll(user, state, context),
      enrolled,
      enrolledTypes: [...new Set(authenticators.map(({ type }) => type))],
      usableTypes: await this.availability.usableTypes(user, authenticators, session.records),
      ...(this.floor.isOpen ? {} : { weakTypes: await this.floor.weakTypes(authenticators) }),
      offeredTypes: this.options.supportedTypes,
      ...(asksForKeys(requirement) ? { keys: await keyFactsOf(this.details, userIdOf(user)) } : {}),
      enrollmentDeadline: enrolled || !hasGrace ? null : await this.enrollment.deadline(user, state, context),
    });
  }

  /** The proofs of the session. If a trusted browser counts, it must still be trusted. */
  private async livingRecords(
    requirement: MfaRequirement,
    context: Pick<MfaRequest, 'user' | 'session'>,
  ): Promise<readonly AuthenticationRecord[]> {
    const records = recordsOf(context.session);
    const trusted = records.find(isTrustedBrowser);
    if (!requirement.acceptTrustedDevice || !trusted || !context.user) return records;
    const devices = await this.devices.find(userIdOf(context.user), this.clock.now());
    const isTrusted = devices.some(({ id }) => id === trusted.authenticatorId);
    return isTrusted ? records : records.filter((record) => record !== trusted);
  }
}

const NOTHING_KNOWN = {
  mustEnroll: false,
  enrolled: false,
  enrolledTypes: [],
  usableTypes: [],
  offeredTypes: [],
  enrollmentDeadline: null,
} as const;
