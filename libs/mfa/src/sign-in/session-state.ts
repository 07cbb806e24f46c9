import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { findExactUser } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { MfaPolicyService } from '../guard/mfa-policy.service.js';
import type { MfaType, MfaProvenMethod } from '../core/policy/methods.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { MfaLoginStatus } from './login.flow.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { provenMethods } from '../core/policy/methods.js';

/** The progress of a session's sign-in. */
export interface MfaSessionState {
  status: MfaLoginStatus;
  /** The factor types that the user can use now; for `enrollment_required` those that can be enrolled. */
  methods: MfaType[];
  proven: MfaProvenMethod[];
  expiresAt: Date;
}

/** Tells a client again what it was told at sign-in, as it stands now, so that a reloaded page can continue from there. */
@Injectable()
export class SessionStates {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(MfaPolicyService) private readonly policy: MfaPolicyService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws {MfaException} `session_expired` when the user no longer exists */
  async describe(context: MfaRequest, session: AuthenticationSession): Promise<MfaSessionState> {
    const isPending = session.status === 'pending';
    const user = isPending ? await findExactUser(this.adapter, session.userId) : context.user;
    if (!user) throw new MfaException('session_expired');
    const account = await this.accounts.find(session.userId);
    const owed = isPending ? null : await this.owedEnrollment(context.with({ account }));
    const status = isPending ? 'mfa_required' : owed ? 'enrollment_required' : 'authenticated';
    return {
      status,
      methods: owed ?? (await this.availability.usableTypes(user, account.authenticators, session.methods)),
      proven: provenMethods(session.methods),
      expiresAt: session.expiresAt,
    };
  }

  /** The types that the user must enroll before anything else; null if they need not. */
  private async owedEnrollment(context: MfaRequest): Promise<MfaType[] | null> {
    try {
      await this.policy.assertNotOverdue(context);
      return null;
    } catch (error) {
      if (error instanceof MfaException && error.code === 'mfa_enrollment_required') {
        return [...(error.details.methods ?? [])] as MfaType[];
      }
      throw error;
    }
  }
}
