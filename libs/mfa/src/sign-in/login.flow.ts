import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { sourceOfRequest } from '../engine/journal/mfa-event.js';
import type { Happening } from '../engine/journal/mfa-journal.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { AuthenticationRecord, MfaFirstFactor, MfaType } from '../core/policy/methods.js';
import { firstFactorRecord } from '../core/policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TrustFlow } from './trust.flow.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import {
  AuthenticationSessionService,
  SESSION_CLAIM,
} from '../engine/sessions/authentication-session.service.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import {
  MfaRequestContextService,
  authenticatedSession,
} from '../engine/sessions/request-context.service.js';
import type { MfaSessionAnswer } from '../engine/sessions/session-answer.js';
import { SessionAnswers } from '../engine/sessions/session-answer.js';
import { SessionLimit } from '../engine/sessions/session-limit.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';

/** The HTTP exchange of a sign-in: the token travels in it. */
export interface MfaHttpExchange {
  request: object;
  response: object;
}

/** The exchange in which the application has checked the first factor, and how. */
export interface MfaFirstFactorExchange extends MfaHttpExchange {
  /**
   * How the user was recognised: `pwd`, `email`, `sms`, `federated`, `webauthn`, `kerberos`, or a word of the application's, 1 to 40
   * characters. It is what `proven` and the claim `amr` say, and a factor whose codes come over the same channel is no second one.
   * Default: `pwd`.
   */
  firstFactor?: MfaFirstFactor | (string & {});
}

/** The same, with what the application says of the sign-in. */
export interface MfaLoginExchange extends MfaFirstFactorExchange {
  /**
   * Whether the sign-in may come from another site: the application has proven this request by other means than its origin, as the
   * response of an identity provider that a browser posts (SAML's POST binding, `form_post` of OpenID Connect). Default: false.
   */
  crossSite?: boolean;
  /**
   * How long this session lives, in seconds: at most `session.ttlSeconds`, or for "remember me" `session.rememberTtlSeconds`.
   * Default: `session.ttlSeconds`.
   */
  ttlSeconds?: number;
}

/** How far a sign-in has come. `enrollment_required`: a second factor has to be set up before anything else. */
export type MfaLoginStatus = 'authenticated' | 'mfa_required' | 'enrollment_required';

/** The answer to a sign-in, with the extra fields of the adapter's `completeLogin` once it is complete. */
export type MfaLoginResult = MfaSessionAnswer & {
  status: MfaLoginStatus;
  /** The factor types that would finish (or, for `enrollment_required`, begin) it. */
  methods?: MfaType[];
  /** Until when a user who must enroll may work without a second factor. */
  enrollmentDeadline?: Date;
  /** After a recovery code: how many are left. Offer to make new ones (NIST SP 800-63B-4, section 4.2.1.1). */
  remainingRecoveryCodes?: number;
} & Record<string, unknown>;

/** What happens after the application has checked the first factor. */
@Injectable()
export class LoginFlow {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(TrustFlow) private readonly trust: TrustFlow,
    @Inject(MfaRequestContextService) private readonly contexts: MfaRequestContextService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Starts a session for a user whose first factor was just proven. The session that the client held before is over.
   *
   * @throws {MfaException} `cross_origin` when another site sent this sign-in and `crossSite` does not allow it, `session_expired`
   *   when it was ended while it was under way
   * @throws {RangeError} when `ttlSeconds` is longer than the options allow
   * @throws {Error} when it is called inside an open transaction of the application's
   */
  async login(user: MfaUser, exchange: MfaLoginExchange): Promise<MfaLoginResult> {
    this.storage.assertOutsideTransaction();
    const { request, response } = exchange;
    const ttlSeconds = this.lifetime(exchange.ttlSeconds);
    // A browser must not be signed in to an attacker's account by the attacker's page.
    if (exchange.crossSite !== true && !this.transport.usesHeader(request)) {
      this.transport.assertSameOrigin(request);
    }
    // First of all, and pending until all is settled: whatever ends sign-ins under way ends this one from here on.
    const issued = await this.start(user, { methods: [this.firstFactor(exchange)], ttlSeconds }, request);
    const external = await this.externalProof(user, request);
    if (external.length > 0) return this.completeUndecided(user, issued, exchange, external);

    // Read after the session is there: a first factor that is added meanwhile either shows here or ends this session.
    const { state, authenticators } = await this.accounts.find(userIdOf(user));
    if (await this.adapter.isMfaEnabled(user, undefined, authenticators)) {
      const trusted = await this.skipSecondFactor(user, issued, exchange);
      if (trusted) return this.complete(user, trusted, exchange);
      const methods = await this.availability.usableTypes(user, authenticators, issued.session.methods);
      return { status: 'mfa_required', methods, ...(await this.answers.give(request, response, issued)) };
    }
    const { session, write } = this.sessions.planCompletion(issued.session);
    const duty = await this.enrollment.duty(user, state, { request, session });
    if (duty?.isOverdue) {
      const methods = this.enrollment.supportedSecondFactors(issued.session.methods);
      await this.decide(user, { session, write }, request);
      const owing = { session, token: issued.token };
      return {
        status: 'enrollment_required',
        methods,
        ...(await this.answers.give(request, response, owing)),
      };
    }
    const result = await this.completeUndecided(user, issued, exchange);
    return duty?.deadline ? { ...result, enrollmentDeadline: duty.deadline } : result;
  }

  /**
   * Records that the application has just checked the first factor again. Without an authenticated session of this user
   * it is a sign-in like any other, so that a password alone never counts for more than a password.
   */
  async recordReauthentication(user: MfaUser, exchange: MfaFirstFactorExchange): Promise<MfaLoginResult> {
    const context = await this.contexts.resolve(exchange.request);
    const session = authenticatedSession(context);
    if (!session || session.userId !== userIdOf(user)) return this.login(user, exchange);
    if (!this.transport.usesHeader(exchange.request)) this.transport.assertSameOrigin(exchange.request);
    const external = await this.externalProof(user, exchange.request);
    for (let current = session; ; current = await this.sessions.renew(current)) {
      const { issued, write } = this.sessions.planGain(current, this.firstFactor(exchange), ...external);
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

  /** Asks the application for its own part of a completed sign-in, then hands out the token. */
  async complete(
    user: MfaUser,
    issued: MfaIssuedSession,
    { request, response }: MfaHttpExchange,
  ): Promise<MfaLoginResult> {
    const extra = await this.askApplication(user, issued.session, { request, response });
    return { ...extra, status: 'authenticated', ...(await this.answers.give(request, response, issued)) };
  }

  /**
   * Completes a sign-in that owes nothing. The application is asked first: while it answers, the sign-in is under way still.
   *
   * @throws {MfaException} `session_expired` when it was ended meanwhile
   */
  private async completeUndecided(
    user: MfaUser,
    { session: pending, token }: MfaIssuedSession,
    { request, response }: MfaHttpExchange,
    external: AuthenticationRecord[] = [],
  ): Promise<MfaLoginResult> {
    const { session, write } = this.sessions.planCompletion(pending, ...external);
    const extra = await this.askApplication(user, session, { request, response });
    await this.decide(user, { session, write }, request, external);
    return {
      ...extra,
      status: 'authenticated',
      ...(await this.answers.give(request, response, { session, token })),
    };
  }

  /** @throws {MfaException} `session_expired` when the sign-in was ended meanwhile */
  private async decide(
    user: MfaUser,
    { session, write }: { session: AuthenticationSession; write: Write },
    request: object,
    external: AuthenticationRecord[] = [],
  ): Promise<void> {
    const { committed } = await this.journal.commit([write], {
      user,
      source: sourceOfRequest(request, session.userId, session.id),
      events: external.map(({ method }) => ({ type: 'mfa.session.verified', data: { method } })),
    });
    if (!committed) throw new MfaException('session_expired');
  }

  /** The extra fields of the answer. A client whose sign-in fails here gets no token: its session must not stay behind. */
  private async askApplication(
    user: MfaUser,
    session: AuthenticationSession,
    { request, response }: MfaHttpExchange,
  ): Promise<Record<string, unknown>> {
    try {
      return await this.adapter.completeLogin(user, session, request, response);
    } catch (error) {
      await this.sessions.revoke(session);
      throw error;
    }
  }

  /** A new session in place of the one that the client held. */
  private async start(
    user: MfaUser,
    { methods, ttlSeconds }: { methods: AuthenticationRecord[]; ttlSeconds: number | null },
    request: object,
  ): Promise<MfaIssuedSession> {
    const userId = userIdOf(user);
    const from = sourceOfRequest(request, userId);
    const { issued, write, takeover } = this.sessions.planCreation(userId, { methods, ttlSeconds, from });
    const happening: Happening = {
      user,
      source: { ...from, sessionId: issued.session.id },
      events: [{ type: 'mfa.session.started', data: { methods: methods.map(({ method }) => method) } }],
    };
    const former = await this.transport.readToken(request);
    const isTaken = former !== null && (await this.journal.commit([takeover(former)], happening)).committed;
    if (!isTaken) await this.journal.commit([write], happening);
    await this.limit.started(issued);
    return issued;
  }

  /** The session with the record of a trusted browser, when this is one. */
  private async skipSecondFactor(
    user: MfaUser,
    { session, token }: MfaIssuedSession,
    { request, response }: MfaHttpExchange,
  ): Promise<MfaIssuedSession | null> {
    const browser = await this.trust.recognise(user, request);
    if (!browser) return null;
    const { session: completed, write } = this.sessions.planCompletion(session, browser.record);
    const result = await this.journal.commit([...browser.writes, write], {
      user,
      source: sourceOfRequest(request, session.userId, session.id),
      events: browser.events,
    });
    if (!result.committed) {
      if (result.lost === SESSION_CLAIM) throw new MfaException('session_expired');
      // Revoked, or used by a parallel request, since it was read: then the second factor is owed after all.
      return null;
    }
    browser.giveCookie(response);
    return { session: completed, token };
  }

  /** @throws {RangeError} when the application asks for a longer life than the options allow */
  private lifetime(ttlSeconds: number | undefined): number | null {
    if (ttlSeconds === undefined) return null;
    const { ttlSeconds: usual, rememberTtlSeconds } = this.options.session;
    const atMost = Math.max(usual, rememberTtlSeconds);
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > atMost) {
      throw new RangeError(
        `\`ttlSeconds\` must be a whole number from 1 to ${atMost}: \`session.rememberTtlSeconds\` allows longer ones`,
      );
    }
    return ttlSeconds;
  }

  private async externalProof(user: MfaUser, request: object): Promise<AuthenticationRecord[]> {
    const trusted = await this.adapter.trustExternalMfa(user, request);
    const now = this.clock.now();
    if (trusted === true) return [{ method: 'external', at: now }];
    const at = trusted instanceof Date ? trusted.getTime() : NaN;
    // A moment in the future, none, or one too long ago is no evidence.
    const counts = at <= now && isWithin(at, this.options.externalMfaMaxAgeSeconds, now);
    return counts ? [{ method: 'external', at }] : [];
  }

  /** @throws {TypeError} when the word for it is none */
  private firstFactor({ firstFactor = 'pwd' }: MfaFirstFactorExchange): AuthenticationRecord {
    if (typeof firstFactor !== 'string' || !/^[\w.:-]{1,40}$/.test(firstFactor)) {
      throw new TypeError('`firstFactor` is a word of 1 to 40 letters, digits, `_`, `.`, `:` or `-`');
    }
    return firstFactorRecord(firstFactor, this.clock.now());
  }
}
