import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { sourceOfRequest } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { SessionAnswers, SessionTransport } from '../engine/sessions/session-transport.js';
import type { MfaFirstFactorExchange } from './first-factor.js';
import { FirstFactors } from './first-factor.js';
import type { MfaLoginResult } from './login.flow.js';
import { LoginFlow } from './login.flow.js';

/** Handles a first factor that the application has checked again for a signed-in user. */
@Injectable()
export class ReauthenticationFlow {
  constructor(
    @Inject(LoginFlow) private readonly logins: LoginFlow,
    @Inject(FirstFactors) private readonly firstFactors: FirstFactors,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * Records that the application has just checked the first factor again. Without an authenticated session of this user, it is
   * an ordinary sign-in, so a password alone never counts for more than a password.
   */
  async record(user: MfaUser, exchange: MfaFirstFactorExchange): Promise<MfaLoginResult> {
    const context = await this.contexts.resolve(exchange.request);
    const session = context.authenticatedSession;
    if (!session || session.userId !== userIdOf(user)) return this.logins.login(user, exchange);
    if (!this.transport.usesHeader(exchange.request)) this.transport.assertSameOrigin(exchange.request);
    const external = await this.firstFactors.external(user, exchange.request);
    for (let current = session; ; current = await this.sessions.renew(current)) {
      const { issued, write } = this.sessions.planGain(
        current,
        this.firstFactors.record(exchange),
        ...external,
      );
      const { committed } = await this.journal.commit([write], {
        user,
        source: sourceOfRequest(exchange.request, session.userId, session.id),
        events: external.map(({ method }) => ({ type: 'mfa.session.verified', data: { method } })),
      });
      if (!committed) continue;
      return {
        status: 'authenticated',
        ...(await this.answers.give(exchange.request, exchange.response, issued)),
      };
    }
  }
}
