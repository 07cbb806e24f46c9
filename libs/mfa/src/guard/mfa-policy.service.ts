import { Inject, Injectable } from '@nestjs/common';

import { SideTable } from '../core/objects/side-table.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { withLevel } from '../core/policy/acr.js';
import type { MfaRequirement, MfaPolicyDecision } from '../core/policy/policy.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { recordsOf, setMfaSession } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { ChangePurpose } from '../engine/sessions/recent-proof.service.js';
import { RecentProof } from '../engine/sessions/recent-proof.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaAuthorizationDecision, MfaAuthorizationRequest } from './authorization-request.js';
import { decideAuthorization } from './authorization-request.js';
import { DecisionsOnce } from './decisions-once.js';
import { DueEnrollment } from './due-enrollment.js';
import { noteJudged } from './judgements.js';
import type { Judged } from './policy-facts.js';
import { PolicyFacts } from './policy-facts.js';
import { SpentProofs, asBeforeSpending } from './spent-proofs.js';

/** Decides whether requests, or users with their sessions, may pass. */
@Injectable()
export class MfaPolicyService {
  private readonly decisions = new DecisionsOnce();
  /** The session whose proofs were spent for a call, as it was before. */
  private readonly paid = new SideTable<object, AuthenticationSession>();

  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(PolicyFacts) private readonly facts: PolicyFacts,
    @Inject(SpentProofs) private readonly proofs: SpentProofs,
    @Inject(DueEnrollment) private readonly due: DueEnrollment,
    @Inject(RecentProof) private readonly recent: RecentProof,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * The maximum age of a proof in a valid session, in seconds: what a sign-in has proven counts for as long as the session
   * lasts.
   */
  private get longestSession(): number {
    const { ttlSeconds, rememberTtlSeconds } = this.options.session;
    return Math.max(ttlSeconds, rememberTtlSeconds);
  }

  /** The maximum age of a proof if a route sets none, in seconds. */
  get defaultMaxAge(): number {
    return this.options.gracePeriodSeconds;
  }

  /**
   * Decides whether the request may pass a route with this requirement. With `once`, this spends its proof: of several requests
   * with one proof, one passes.
   *
   * @param operation what the session is read once for, if the request object outlives it; see `MfaRequestService`
   * @param call what a proof is spent for only once, however often it is asked: the call of a handler
   */
  async decide(
    asked: MfaRequirement,
    request: object,
    operation: object = request,
    call: object = operation,
  ): Promise<MfaPolicyDecision> {
    const requirement = withLevel(asked, this.options.acr);
    const context = await this.contexts.resolve(request, {
      operation,
      isUse: false,
      // Some answers then need another query, which this saves.
      withAccount: this.options.enrollmentGracePeriodSeconds > 0 || requirement.acceptTrustedDevice === true,
    });
    if (requirement.once) {
      const { session } = context;
      const paid = this.paid.get(call);
      // A guard that is asked again for the same call must not find its own proof spent.
      if (session && paid?.id === session.id)
        return this.decideFor(requirement, { ...context, session: asBeforeSpending(session, paid) });
      return this.spendFor(requirement, context, (spent, before) => {
        this.paid.set(call, before);
        setMfaSession(request, spent);
      });
    }
    const question = () => JSON.stringify(requirement);
    return this.decisions.once(context, operation, question, () => this.decideFor(requirement, context));
  }

  /**
   * Records that the request uses its session. Asking whether it may pass is no use yet; guards call this once it has passed.
   */
  noteUse(request: object): void {
    this.contexts.noteUse(request);
  }

  /** The user of the request, or null. */
  async findUser(request: object, operation: object = request): Promise<MfaUser | null> {
    return (await this.contexts.resolve(request, { operation, isUse: false })).user;
  }

  /**
   * Decides whether this user may pass with the proofs of this session. This is the guard's decision, for use outside guards.
   *
   * @param session a valid session, from `AuthenticationSessionService.verify()`; another user's session counts for nothing
   * @param asked with `once`, the proof is spent if the answer is yes
   * @throws {TypeError} when the level doesn't exist
   */
  async check(
    user: MfaUser | null,
    session: AuthenticationSession | null,
    asked: MfaRequirement = {},
  ): Promise<MfaPolicyDecision> {
    const requirement = withLevel(asked, this.options.acr);
    const own = user && session?.userId === userIdOf(user) && !this.sessions.isOver(session);
    const judged = { user, session: own ? session : null };
    return requirement.once ? this.spendFor(requirement, judged) : this.decideFor(requirement, judged);
  }

  /**
   * Decides whether this session satisfies what a client requests from an authorization server (OpenID Connect Core 1.0,
   * section 3.1.2.1; RFC 9470, section 4), or what is owed. The levels are those of the option `acr`.
   *
   * @param session a valid session, from `AuthenticationSessionService.verify()`; another user's session counts for nothing
   */
  async checkAuthorization(
    user: MfaUser,
    session: AuthenticationSession | null,
    request: MfaAuthorizationRequest,
  ): Promise<MfaAuthorizationDecision> {
    const own = session?.userId === userIdOf(user) && !this.sessions.isOver(session) ? session : null;
    const judged = { user, session: own };
    return decideAuthorization(request, recordsOf(own), {
      levels: this.options.acr,
      // A level says what was proven in this session. For how long ago, the client uses `max_age`.
      defaultMaxAge: this.longestSession,
      now: this.clock.now(),
      // Passing within the grace period proves nothing, but the answer tells others what was proven.
      decide: (requirement) => this.facts.decide(requirement, judged, { hasGrace: false }),
      overdueTypes: () => this.due.overdueTypes(judged),
    });
  }

  /**
   * The global guard's decision. Users who must have a second factor need one that was proven in this session, however long
   * ago. Everybody else passes, and so does a request without a user, which the application's own guards refuse.
   */
  async decideGlobally(request: object, operation: object = request): Promise<MfaPolicyDecision> {
    const context = await this.contexts.resolve(request, { operation, withAccount: true, isUse: false });
    const { user } = context;
    if (!user) return noteJudged({ allow: true }, null);
    return this.decisions.once(
      context,
      operation,
      () => 'global',
      async () => {
        const account = await this.facts.accountOf(user, context);
        const mustEnroll = await this.due.isDemanded(user, account, context);
        if (!mustEnroll) return noteJudged({ allow: true }, user);
        return this.decideFor({ maxAge: this.longestSession }, { ...context, account });
      },
    );
  }

  /**
   * Refuses users who must set up a second factor before anything else. They only reach the routes to do so.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  async assertNotOverdue(context: MfaRequest): Promise<void> {
    await this.due.assertNotOverdue(context);
  }

  private async spendFor(
    requirement: MfaRequirement,
    context: Judged,
    spent?: (session: AuthenticationSession, before: AuthenticationSession) => void,
  ): Promise<MfaPolicyDecision> {
    const decide = (current: Judged, now: number) => this.decideFor(requirement, current, now);
    return this.proofs.spend(requirement, context, decide, spent);
  }

  private async decideFor(
    requirement: MfaRequirement,
    context: Judged,
    now?: number,
  ): Promise<MfaPolicyDecision> {
    return noteJudged(await this.facts.decide(requirement, context, { now }), context.user);
  }

  /**
   * Requires the *recent* proof that changes of factors need.
   *
   * @param purpose what the proof is for; under profiles, some proofs only allow adding a factor
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others
   */
  async assertRecent(context: MfaRequest, purpose?: ChangePurpose): Promise<void> {
    const { user } = context;
    if (!user) throw new MfaException('unauthenticated');
    const { authenticators } = await this.facts.accountOf(user, context);
    await this.recent.assert(context, authenticators, purpose);
  }
}
