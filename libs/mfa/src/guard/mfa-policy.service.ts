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
import { SpentProofs } from './spent-proofs.js';

/** Decides whether requests, and users with their sessions, may pass. */
@Injectable()
export class MfaPolicyService {
  private readonly decisions = new DecisionsOnce();
  /** The session whose proof was spent for a call. */
  private readonly paid = new SideTable<object, string>();

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

  /** How old a proof of a living session can be, in seconds: what a sign-in has proven counts as long as it goes on. */
  private get longestSession(): number {
    const { ttlSeconds, rememberTtlSeconds } = this.options.session;
    return Math.max(ttlSeconds, rememberTtlSeconds);
  }

  /** How old a proof may be where a route does not say, in seconds. */
  get defaultMaxAge(): number {
    return this.options.gracePeriodSeconds;
  }

  /**
   * Whether the request may pass a route with this requirement. With `once` its proof is spent then: of several requests with one
   * proof, one passes.
   *
   * @param operation what the session is read once for, where the request object outlives it; see `MfaRequestService`
   * @param call what a proof is spent for once, however often it is asked: the call of a handler
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
      // With these, some answers take another query; this one makes up for it.
      withAccount: this.options.enrollmentGracePeriodSeconds > 0 || requirement.acceptTrustedDevice === true,
    });
    if (requirement.once) {
      const { once: _, ...lasting } = requirement;
      // A guard that is asked again for the same call must not find its own proof spent.
      const isPaid = context.session !== null && this.paid.get(call) === context.session.id;
      if (isPaid) return this.decideFor(lasting, context);
      return this.spendFor(requirement, context, (session) => {
        this.paid.set(call, session.id);
        setMfaSession(request, session);
      });
    }
    const question = () => JSON.stringify(requirement);
    return this.decisions.once(context, operation, question, () => this.decideFor(requirement, context));
  }

  /** Notes that the request uses its session: asking whether it may pass is no use of it yet. Guards do it once it has passed. */
  noteUse(request: object): void {
    this.contexts.noteUse(request);
  }

  /** The user of the request, or null. */
  async findUser(request: object, operation: object = request): Promise<MfaUser | null> {
    return (await this.contexts.resolve(request, { operation, isUse: false })).user;
  }

  /**
   * Whether this user may pass with what this session holds: the decision of the guard, for use outside guards.
   *
   * @param session a living session, from `AuthenticationSessionService.verify()`; one of another user counts for nothing
   * @param asked with `once` the proof is spent when the answer is yes
   * @throws {TypeError} for a level that there is not
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
   * Whether this session satisfies what a client asks of an authorization server (OpenID Connect Core 1.0, section 3.1.2.1; RFC 9470,
   * section 4), or what is owed. The levels are those of the option `acr`.
   *
   * @param session a living session, from `AuthenticationSessionService.verify()`; one of another user counts for nothing
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
      // A level says what was proven in this session; how long ago, the client asks with `max_age`.
      defaultMaxAge: this.longestSession,
      now: this.clock.now(),
      // To pass in the time that is left to set a factor up is to have proven nothing: others are told what was.
      decide: (requirement) => this.facts.decide(requirement, judged, { hasGrace: false }),
      overdueTypes: () => this.due.overdueTypes(judged),
    });
  }

  /**
   * What the global guard asks: users who must have a second factor need one that was proven in this session, however long
   * ago. Everybody else passes, and so does a request without a user, whom the application's own guards turn away.
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
   * Turns away who has to set up a second factor before anything else: they reach nothing but the routes that do it.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  async assertNotOverdue(context: MfaRequest): Promise<void> {
    await this.due.assertNotOverdue(context);
  }

  private async spendFor(
    requirement: MfaRequirement,
    context: Judged,
    spent?: (session: AuthenticationSession) => void,
  ): Promise<MfaPolicyDecision> {
    return this.proofs.spend(requirement, context, (current) => this.decideFor(requirement, current), spent);
  }

  private async decideFor(requirement: MfaRequirement, context: Judged): Promise<MfaPolicyDecision> {
    return noteJudged(await this.facts.decide(requirement, context), context.user);
  }

  /**
   * Demands the *recent* proof that changes of factors need.
   *
   * @param purpose what for; under profiles some proofs are good for adding a factor alone
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others
   */
  async assertRecent(context: MfaRequest, purpose?: ChangePurpose): Promise<void> {
    const { user } = context;
    if (!user) throw new MfaException('unauthenticated');
    const { authenticators } = await this.facts.accountOf(user, context);
    await this.recent.assert(context, authenticators, purpose);
  }
}
