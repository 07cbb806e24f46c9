import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { AccountsService } from '../authenticators/accounts.service.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import { sourceOfRequest } from '../events/event-source.js';
import { MfaJournal } from '../events/mfa-journal.js';
import type { AuthenticationRecord, MfaType } from '../policy/methods.js';
import { TrustFlow } from '../trusted-devices/trust.flow.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
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

/** The exchange in which the application has checked the first factor. */
export interface LoginExchange extends HttpExchange {
  /**
   * Whether the sign-in may come from another site: the application has proven this request by other means than its origin, as the
   * response of an identity provider that a browser posts (SAML's POST binding, `form_post` of OpenID Connect). Default: false.
   */
  crossSite?: boolean;
}

/** How far a sign-in has come. `enrollment_required`: a second factor has to be set up before anything else. */
export type LoginStatus = 'authenticated' | 'mfa_required' | 'enrollment_required';

/** The answer to a sign-in, with the extra fields of the adapter's `completeLogin` once it is complete. */
export type LoginResult = SessionAnswer & {
  status: LoginStatus;
  /** The factor types that would finish (or, for `enrollment_required`, begin) it. */
  methods?: MfaType[];
  /** Until when a user who must enrol may work without a second factor. */
  enrollmentDeadline?: Date;
} & Record<string, unknown>;

/** What happens after the application has checked the first factor. */
@Injectable()
export class LoginFlow {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(TrustFlow) private readonly trust: TrustFlow,
    @Inject(RequestContextService) private readonly contexts: RequestContextService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts a session for a user whose first factor was just proven. The session that the client held before is over.
   *
   * @throws {MfaException} `cross_origin` when another site sent this sign-in, and `crossSite` does not allow it
   */
  async login(user: MfaUser, exchange: LoginExchange): Promise<LoginResult> {
    const { request, response } = exchange;
    // A browser must not be signed in to an attacker's account by the attacker's page.
    if (exchange.crossSite !== true && !this.transport.usesHeader(request)) {
      this.transport.assertSameOrigin(request);
    }
    const external = await this.externalProof(user, request);
    const issued = await this.start(user, [this.password(), ...external], request);
    if (external.length > 0) return this.complete(user, issued, exchange);

    // Read after the session is there: a first factor that is added meanwhile either shows here or ends this session.
    // Nobody holds the token before this is settled.
    const { state, authenticators } = await this.accounts.find(userIdOf(user));
    if (await this.adapter.isMfaEnabled(user, undefined, authenticators)) {
      const trusted = await this.skipSecondFactor(user, issued, exchange);
      if (trusted) return this.complete(user, trusted, exchange);
      const methods = this.authenticators.usableTypes(authenticators);
      const pending = await this.sessions.hold(issued);
      return { status: 'mfa_required', methods, ...this.answers.give(request, response, pending) };
    }
    const duty = await this.enrollment.duty(user, state, { request, session: issued.session });
    if (duty?.isOverdue) {
      const methods = this.enrollment.supportedSecondFactors();
      return { status: 'enrollment_required', methods, ...this.answers.give(request, response, issued) };
    }
    const result = await this.complete(user, issued, exchange);
    return duty?.deadline ? { ...result, enrollmentDeadline: duty.deadline } : result;
  }

  /**
   * Records that the application has just checked the first factor again. Without an authenticated session of this user
   * it is a sign-in like any other, so that a password alone never counts for more than a password.
   */
  async recordReauthentication(user: MfaUser, exchange: HttpExchange): Promise<LoginResult> {
    const context = await this.contexts.resolve(exchange.request);
    const session = authenticatedSession(context);
    if (!session || session.userId !== userIdOf(user)) return this.login(user, exchange);
    if (!this.transport.usesHeader(exchange.request)) this.transport.assertSameOrigin(exchange.request);
    const external = await this.externalProof(user, exchange.request);
    const { issued, write } = this.sessions.planGain(session, this.password(), ...external);
    const result = await this.journal.commit([write], {
      user,
      source: sourceOfRequest(exchange.request, session.userId, session.id),
      events: external.map(({ method }) => ({ type: 'mfa.session.verified', data: { method } })),
    });
    if (!result.committed) throw new MfaException('session_expired');
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

  /** A new session in place of the one that the client held. */
  private async start(
    user: MfaUser,
    methods: AuthenticationRecord[],
    request: object,
  ): Promise<IssuedSession> {
    const userId = userIdOf(user);
    const { issued, write } = this.sessions.planCreation(userId, { status: 'authenticated', methods });
    const former = this.transport.readToken(request);
    const ending = former === null ? [] : [this.sessions.planEndingToken(former)];
    await this.journal.commit([...ending, write], {
      user,
      source: sourceOfRequest(request, userId, issued.session.id),
      events: [{ type: 'mfa.session.started', data: { methods: methods.map(({ method }) => method) } }],
    });
    return issued;
  }

  /** The session with the record of a trusted browser, when this is one. */
  private async skipSecondFactor(
    user: MfaUser,
    { session, token }: IssuedSession,
    { request, response }: HttpExchange,
  ): Promise<IssuedSession | null> {
    const browser = await this.trust.recognise(user, request);
    if (!browser) return null;
    const methods = [...session.methods, browser.record];
    const result = await this.journal.commit(
      [...browser.writes, this.sessions.planRecords(session, methods)],
      {
        user,
        source: sourceOfRequest(request, session.userId, session.id),
        events: browser.events,
      },
    );
    // Revoked, or used by a parallel request, since it was read: then the second factor is owed after all.
    if (!result.committed) return null;
    browser.giveCookie(response);
    return { session: Object.assign(session, { methods }), token };
  }

  private async externalProof(user: MfaUser, request: object): Promise<AuthenticationRecord[]> {
    const trusted = await this.adapter.trustExternalMfa(user, request);
    const now = this.clock.now();
    if (trusted === true) return [{ method: 'external', at: now }];
    const at = trusted instanceof Date ? trusted.getTime() : NaN;
    // A moment in the future, or none, is no evidence.
    return at <= now ? [{ method: 'external', at }] : [];
  }

  private password(): AuthenticationRecord {
    return { method: 'pwd', at: this.clock.now() };
  }
}
