import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import { assertSameOrigin } from '../http/same-origin.js';
import type { AuthenticationRecord, MfaType } from '../policy/methods.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';
import { AuthenticationSessionService, SESSION_CLAIM } from './authentication-session.service.js';
import type { IssuedSession } from './issued-session.js';
import { RequestContextService, authenticatedSession } from './request-context.service.js';
import type { SessionAnswer } from './session-answer.js';
import { SessionAnswers } from './session-answer.js';
import { SessionTransport } from './session-transport.js';

/** The HTTP exchange of a sign-in: the token travels in it. */
export interface HttpExchange {
  request: object;
  response: object;
}

/** How far a sign-in has come. `enrollment_required`: signed in, but a second factor has to be set up first. */
export type LoginStatus = 'authenticated' | 'mfa_required' | 'enrollment_required';

/** The answer to a sign-in, with the extra fields of the adapter's `completeLogin` once it is complete. */
export type LoginResult = SessionAnswer & {
  status: LoginStatus;
  /** The factor types that would finish (or, for `enrollment_required`, begin) it. */
  methods?: MfaType[];
} & Record<string, unknown>;

/** What happens after the application has checked the first factor. */
@Injectable()
export class LoginFlow {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(RequestContextService) private readonly contexts: RequestContextService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts a session for a user whose first factor was just proven. The session that the client held before is over.
   *
   * @throws {MfaException} `cross_origin` when another site sent this sign-in
   */
  async login(user: MfaUser, { request, response }: HttpExchange): Promise<LoginResult> {
    // A browser must not be signed in to an attacker's account by the attacker's page.
    if (!this.transport.usesHeader(request)) assertSameOrigin(request);
    const userId = userIdOf(user);
    const { issued, write } = this.sessions.planCreation(userId, {
      status: 'authenticated',
      methods: [this.password()],
    });
    const former = this.transport.readToken(request);
    const ending = former === null ? [] : [this.sessions.planEndingToken(former)];
    await this.storage.commit([...ending, write]);

    // Read after the session is there: a first factor that is added meanwhile either shows here or ends this session.
    // Nobody holds the token before this is settled.
    const rows = await this.authenticators.find(userId);
    if (await this.adapter.isMfaEnabled(user, undefined, rows)) {
      const methods = this.authenticators.usableTypes(rows);
      const pending = await this.sessions.hold(issued);
      return { status: 'mfa_required', methods, ...this.answers.give(request, response, pending) };
    }
    if (await this.enrollment.isOverdue(user)) {
      const methods = this.enrollment.supportedSecondFactors();
      return { status: 'enrollment_required', methods, ...this.answers.give(request, response, issued) };
    }
    return this.complete(user, issued, { request, response });
  }

  /**
   * Records that the application has just checked the first factor again. Without an authenticated session of this user
   * it is a sign-in like any other, so that a password alone never counts for more than a password.
   */
  async recordReauthentication(user: MfaUser, exchange: HttpExchange): Promise<LoginResult> {
    const context = await this.contexts.resolve(exchange.request);
    const session = authenticatedSession(context);
    if (!session || session.userId !== userIdOf(user)) return this.login(user, exchange);
    if (!this.transport.usesHeader(exchange.request)) assertSameOrigin(exchange.request);
    const { issued, write } = this.sessions.planGain(session, this.password());
    const result = await this.storage.commit([write]);
    if (!result.committed && result.lost === SESSION_CLAIM) throw new MfaException('session_expired');
    return { status: 'authenticated', ...this.answers.give(exchange.request, exchange.response, issued) };
  }

  /** Asks the application for its own part of a completed sign-in, then hands out the token. */
  async complete(
    user: MfaUser,
    issued: IssuedSession,
    { request, response }: HttpExchange,
  ): Promise<LoginResult> {
    let extra: Record<string, unknown>;
    try {
      extra = await this.adapter.completeLogin(user, issued.session, request, response);
    } catch (error) {
      // The client never gets this token: the session must not stay behind.
      await this.sessions.revoke(issued.session);
      throw error;
    }
    return { ...extra, status: 'authenticated', ...this.answers.give(request, response, issued) };
  }

  private password(): AuthenticationRecord {
    return { method: 'pwd', at: this.clock.now() };
  }
}
