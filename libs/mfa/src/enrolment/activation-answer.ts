import { Inject, Injectable } from '@nestjs/common';

import type { AuthenticatorView } from '../authenticators/authenticator-view.js';
import { viewAuthenticator } from '../authenticators/authenticator-view.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { AccountsService } from '../authenticators/accounts.service.js';
import type { IssuedSession } from '../sessions/issued-session.js';
import type { HttpExchange } from '../sessions/login.flow.js';
import { LoginFlow } from '../sessions/login.flow.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';
import type { SessionAnswer } from '../sessions/session-answer.js';
import { SessionAnswers } from '../sessions/session-answer.js';
import type { AddedFactor } from './add-authenticator.flow.js';

/** The answer to a new second factor. Its proof changed the session's token, which comes along. */
export type ActivationAnswer = {
  authenticator: AuthenticatorView;
  /** Only with the first second factor; shown this once. */
  recoveryCodes?: string[];
} & Partial<SessionAnswer>;

@Injectable()
export class ActivationAnswers {
  constructor(
    @Inject(SessionAnswers) private readonly sessions: SessionAnswers,
    @Inject(LoginFlow) private readonly logins: LoginFlow,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
  ) {}

  async give(user: MfaUser, added: AddedFactor, exchange: HttpExchange): Promise<ActivationAnswer> {
    const { authenticator, recoveryCodes, issued, isFirst } = added;
    return {
      ...(issued ? await this.session(user, issued, isFirst, exchange) : {}),
      authenticator: viewAuthenticator(authenticator, false),
      ...(recoveryCodes ? { recoveryCodes } : {}),
    };
  }

  /** Who had to enrol before anything else has only now finished signing in: the application has its say. */
  private async session(
    user: MfaUser,
    issued: IssuedSession,
    isFirst: boolean,
    exchange: HttpExchange,
  ): Promise<SessionAnswer> {
    const { state } = await this.accounts.find(userIdOf(user));
    return isFirst && (await this.enrollment.mustEnrol(user, state, { request: exchange.request }))
      ? this.logins.complete(user, issued, exchange)
      : this.sessions.give(exchange.request, exchange.response, issued);
  }
}
