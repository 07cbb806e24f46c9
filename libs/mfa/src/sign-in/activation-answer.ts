import { Inject, Injectable } from '@nestjs/common';

import type { AuthenticatorView } from '../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../engine/authenticators/authenticator-view.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import type { MfaHttpExchange, MfaSessionAnswer } from '../engine/sessions/session-transport.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import { SessionAnswers } from '../engine/sessions/session-transport.js';
import type { MfaAddedFactor } from '../engine/changes/add-authenticator.flow.js';

/** The response to adding a second factor. The proof replaced the session's token, so the new one is included. */
export type MfaActivationAnswer = {
  authenticator: AuthenticatorView;
  /** Only with the first second factor. Shown this once. */
  recoveryCodes?: string[];
} & Partial<MfaSessionAnswer>;

@Injectable()
export class ActivationAnswers {
  constructor(
    @Inject(SessionAnswers) private readonly sessions: SessionAnswers,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
  ) {}

  async give(user: MfaUser, added: MfaAddedFactor, exchange: MfaHttpExchange): Promise<MfaActivationAnswer> {
    const { authenticator, recoveryCodes, issued, isFirst } = added;
    return {
      ...(issued ? await this.session(user, issued, isFirst, exchange) : {}),
      authenticator: viewAuthenticator(authenticator, false),
      ...(recoveryCodes ? { recoveryCodes } : {}),
    };
  }

  /**
   * A user who had to enroll before anything else has only now completed the sign-in, so the application is asked for its part.
   */
  private async session(
    user: MfaUser,
    issued: MfaIssuedSession,
    isFirst: boolean,
    exchange: MfaHttpExchange,
  ): Promise<MfaSessionAnswer> {
    const { state } = await this.accounts.find(userIdOf(user));
    return isFirst && (await this.enrollment.mustEnroll(user, state, { request: exchange.request }))
      ? this.sessions.complete(user, issued, exchange)
      : this.sessions.give(exchange.request, exchange.response, issued);
  }
}
