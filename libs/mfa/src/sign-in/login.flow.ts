import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { AuthenticationRecord, MfaType } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import { sourceOfRequest } from '../engine/rows/mfa-request.js';
import {
  AuthenticationSessionService,
  SESSION_CLAIM,
} from '../engine/sessions/authentication-session.service.js';
import type { MfaSessionAnswer, SessionOccasion } from '../engine/sessions/session-transport.js';
import { SessionLimit } from '../engine/sessions/session-limit.js';
import { SessionAnswers } from '../engine/sessions/session-transport.js';
import type { Write } from '../storage/mfa-storage.js';
import { BeginSignInFlow } from './begin-sign-in.flow.js';
import type { MfaFirstFactorExchange } from './first-factor.js';
import { FirstFactors } from './first-factor.js';
import { OwedFactors } from './owed-factors.js';
import { TrustFlow } from './trust.flow.js';

/** The exchange of a sign-in, with options set by the application. */
export interface MfaLoginExchange extends MfaFirstFactorExchange {
  /**
   * Whether the sign-in may come from another site, because the application has authenticated this request by means other than
   * its origin. An example is an identity provider's response that a browser posts (SAML's POST binding, `form_post` of OpenID
   * Connect). Default: false.
   */
  crossSite?: boolean;
  /**
   * The lifetime of this session in seconds: at most `session.ttlSeconds`, or for "remember me" `session.rememberTtlSeconds`.
   * Default: `session.ttlSeconds`.
   */
  ttlSeconds?: number;
  /**
   * Whether the application has just created the account. The browser then counts as known and is not reported as new
   * (`newSignIn`). Default: false.
   */
  signUp?: boolean;
}

/** The progress of a sign-in. `enrollment_required`: a second factor must be set up before anything else. */
export type MfaLoginStatus = 'authenticated' | 'mfa_required' | 'enrollment_required';

/** The response to a sign-in, with the extra fields of the adapter's `completeLogin` once it is complete. */
export type MfaLoginResult = MfaSessionAnswer & {
  status: MfaLoginStatus;
  /** The factor types that can complete it, or for `enrollment_required` those that can be enrolled. */
  methods?: MfaType[];
  /** Until when a user who must enroll may work without a second factor. */
  enrollmentDeadline?: Date;
  /** After a recovery code was used: how many are left. Offer to generate new ones (NIST SP 800-63B-4, section 4.2.1.1). */
  remainingRecoveryCodes?: number;
} & Record<string, unknown>;

/** Continues a sign-in after the application has checked the first factor. */
@Injectable()
export class LoginFlow {
  constructor(
    @Inject(FirstFactors) private readonly firstFactors: FirstFactors,
    @Inject(BeginSignInFlow) private readonly beginning: BeginSignInFlow,
    @Inject(OwedFactors) private readonly owed: OwedFactors,
    @Inject(TrustFlow) private readonly trust: TrustFlow,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * Starts a session for a user whose first factor was just proven. The session that the client held before ends.
   *
   * @throws {MfaException} `cross_origin` when another site sent this sign-in and `crossSite` doesn't allow it;
   *   `session_expired` when it was ended while in progress
   * @throws {RangeError} when `ttlSeconds` is longer than the options allow
   * @throws {Error} when called inside an open transaction of the application, or without its `request`
   */
  async login(user: MfaUser, exchange: MfaLoginExchange): Promise<MfaLoginResult> {
    assertExchange(exchange);
    const { request, response } = exchange;
    const issued = await this.beginning.begin(user, exchange, this.firstFactors.record(exchange));
    const external = await this.firstFactors.external(user, request);
    if (external.length > 0) return this.completeUndecided(user, issued, exchange, external);

    // Read after the session was created: if the user adds their first factor in the meantime, it shows here or ends this
    // session.
    const standing = await this.owed.standingOf(user);
    if (standing.isEnrolled) {
      const trusted = await this.skipSecondFactor(user, issued, exchange);
      if (trusted) return this.answers.complete(user, trusted, exchange, occasionOf(exchange));
      const methods = await this.owed.usableTypes(user, standing, issued.session);
      return { status: 'mfa_required', methods, ...(await this.answers.give(request, response, issued)) };
    }
    const { session, write } = this.sessions.planCompletion(issued.session);
    const owed = await this.owed.enrollmentOf(user, standing, { request, session });
    if (owed?.isOverdue) {
      await this.decide(user, { session, write }, request);
      const owing = { session, token: issued.token };
      return {
        status: 'enrollment_required',
        methods: owed.methods,
        ...(await this.answers.handOver(user, owing, exchange, occasionOf(exchange))),
      };
    }
    const result = await this.completeUndecided(user, issued, exchange);
    return owed?.deadline ? { ...result, enrollmentDeadline: owed.deadline } : result;
  }

  /**
   * Completes a sign-in that owes nothing. The application is asked first, while the sign-in is still in progress.
   *
   * @throws {MfaException} `session_expired` when it was ended in the meantime
   */
  private async completeUndecided(
    user: MfaUser,
    { session: pending, token }: MfaIssuedSession,
    exchange: MfaLoginExchange,
    external: AuthenticationRecord[] = [],
  ): Promise<MfaLoginResult> {
    const { session, write } = this.sessions.planCompletion(pending, ...external);
    const extra = await this.answers.askApplication(user, session, exchange);
    await this.decide(user, { session, write }, exchange.request, external);
    return {
      ...extra,
      status: 'authenticated',
      ...(await this.answers.handOver(user, { session, token }, exchange, occasionOf(exchange))),
    };
  }

  /** @throws {MfaException} `session_expired` when the sign-in was ended in the meantime */
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
    await this.limit.started({ session });
  }

  /** The session with the record of a trusted browser, if this is one. */
  private async skipSecondFactor(
    user: MfaUser,
    { session, token }: MfaIssuedSession,
    { request, response }: MfaLoginExchange,
  ): Promise<MfaIssuedSession | null> {
    const browser = await this.trust.recognize(user, request);
    if (!browser) return null;
    const { session: completed, write } = this.sessions.planCompletion(session, browser.record);
    const result = await this.journal.commit([...browser.writes, write], {
      user,
      source: sourceOfRequest(request, session.userId, session.id),
      events: browser.events,
    });
    if (!result.committed) {
      if (result.lost === SESSION_CLAIM) throw new MfaException('session_expired');
      // The trust was revoked, or used by a parallel request, since it was read. The second factor is owed after all.
      return null;
    }
    await this.limit.started({ session: completed });
    browser.giveCookie(response);
    return { session: completed, token };
  }
}

function assertExchange(exchange: Partial<MfaLoginExchange> | undefined): void {
  if (exchange?.request) return;
  throw new Error(
    'MfaService.login() needs the request, and the response for its cookie: `login(user, { request, response })`, in a handler with `@Req()` and `@Res({ passthrough: true })`',
  );
}

const occasionOf = ({ signUp = false }: MfaLoginExchange): SessionOccasion =>
  signUp ? 'sign_up' : 'sign_in';
