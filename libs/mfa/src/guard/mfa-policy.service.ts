import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { AuthenticatorDetails } from '../engine/authenticators/authenticator-list.js';
import { AUTHENTICATOR_DETAILS } from '../engine/authenticators/authenticator-list.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { AuthenticationRecord, MfaProofFacts } from '../core/policy/methods.js';
import type { MfaRequirement, MfaPolicyDecision } from '../core/policy/policy.js';
import { asksForKeys, decide, satisfies } from '../core/policy/policy.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { RecentProof } from '../engine/sessions/recent-proof.service.js';
import type { MfaRequestContext } from '../engine/sessions/request-context.service.js';
import {
  MfaRequestContextService,
  authenticatedSession,
  recordsOf,
} from '../engine/sessions/request-context.service.js';
import { setMfaSession } from '../engine/rows/request-session.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import { isFirstFactor } from '../core/policy/methods.js';
import { DecisionsOnce } from './decisions-once.js';
import { noteJudged } from './judgements.js';

type Judged = Pick<MfaRequestContext, 'user' | 'session' | 'account'> & { request?: object };

/** Gathers the facts that the policy decides on, and no more than it needs: each is a query. */
@Injectable()
export class MfaPolicyService {
  private readonly decisions = new DecisionsOnce();
  /** The session whose proof was spent for a call. */
  private readonly paid = new WeakMap<object, string>();

  constructor(
    @Inject(MfaRequestContextService) private readonly contexts: MfaRequestContextService,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(RecentProof) private readonly recent: RecentProof,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AUTHENTICATOR_DETAILS) private readonly details: readonly AuthenticatorDetails[],
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** How old a proof may be where a route does not say, in seconds. */
  get defaultMaxAge(): number {
    return this.options.gracePeriodSeconds;
  }

  /**
   * Whether the request may pass a route with this requirement. With `once` its proof is spent then: of several requests with one
   * proof, one passes.
   *
   * @param operation what the session is read once for, where the request object outlives it; see `MfaRequestContextService`
   * @param call what a proof is spent for once, however often it is asked: the call of a handler
   */
  async decide(
    requirement: MfaRequirement,
    request: object,
    operation: object = request,
    call: object = operation,
  ): Promise<MfaPolicyDecision> {
    const context = await this.contexts.resolve(request, {
      operation,
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
    return this.decisions.once(context, operation, JSON.stringify(requirement), () =>
      this.decideFor(requirement, context),
    );
  }

  /** The user of the request, or null. */
  async findUser(request: object, operation: object = request): Promise<MfaUser | null> {
    return (await this.contexts.resolve(request, { operation })).user;
  }

  /**
   * Whether this user may pass with what this session holds: the decision of the guard, for use outside guards.
   *
   * @param session a living session, from `AuthenticationSessionService.verify()`; one of another user counts for nothing
   * @param requirement with `once` the proof is spent when the answer is yes
   */
  async check(
    user: MfaUser | null,
    session: AuthenticationSession | null,
    requirement: MfaRequirement = {},
  ): Promise<MfaPolicyDecision> {
    const own = user && session?.userId === userIdOf(user) && !this.sessions.isOver(session);
    const judged = { user, session: own ? session : null };
    return requirement.once ? this.spendFor(requirement, judged) : this.decideFor(requirement, judged);
  }

  /**
   * Decides, and spends what the decision rests on: in one conditional statement, so that of several that have read the same proof
   * one gets it.
   *
   * @param spent is told of the session as it is then
   * @throws {MfaException} `session_expired` when it ended meanwhile, or goes on under another token
   */
  private async spendFor(
    requirement: MfaRequirement,
    context: Judged,
    spent?: (session: AuthenticationSession) => void,
  ): Promise<MfaPolicyDecision> {
    for (let current = context; ;) {
      const decision = await this.decideFor(requirement, current);
      const session = authenticatedSession(current);
      if (!decision.allow || !session) return decision;
      const facts = { records: session.methods, now: this.clock.now(), defaultMaxAge: this.defaultMaxAge };
      // Let in without a proof, as in the grace period.
      if (!satisfies(requirement, facts)) return decision;
      const planned = this.sessions.planSpending(session);
      const { committed } = await this.storage.commit([planned.write]);
      if (committed) {
        spent?.(planned.session);
        return decision;
      }
      const found = await this.sessions.reload(session);
      if (!found) throw new MfaException('session_expired');
      current = { ...current, ...found };
    }
  }

  /**
   * What the global guard asks: users who must have a second factor need one that was proven in this session, however long
   * ago. Everybody else passes, and so does a request without a user, whom the application's own guards turn away.
   */
  async decideGlobally(request: object, operation: object = request): Promise<MfaPolicyDecision> {
    const context = await this.contexts.resolve(request, { operation, withAccount: true });
    const { user } = context;
    if (!user) return noteJudged({ allow: true }, null);
    return this.decisions.once(context, operation, 'global', async () => {
      const account = context.account ?? (await this.accounts.find(userIdOf(user)));
      const mustEnroll = await this.enrollment.mustEnroll(user, account.state, context);
      if (!mustEnroll) return noteJudged({ allow: true }, user);
      return this.decideFor({ maxAge: this.options.session.ttlSeconds }, { ...context, account });
    });
  }

  /**
   * Turns away who has to set up a second factor before anything else: they reach nothing but the routes that do it.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  async assertNotOverdue(context: MfaRequestContext): Promise<void> {
    const { user } = context;
    // What was proven here can only come from a factor.
    if (!user || recordsOf(context).some((record) => !isFirstFactor(record))) return;
    const { state, authenticators } = context.account ?? (await this.accounts.find(userIdOf(user)));
    if (await this.adapter.isMfaEnabled(user, undefined, authenticators)) return;
    const duty = await this.enrollment.duty(user, state, context);
    if (!duty?.isOverdue) return;
    throw new MfaException('mfa_enrollment_required', {
      methods: this.enrollment.supportedSecondFactors(recordsOf(context)),
    });
  }

  private async decideFor(requirement: MfaRequirement, context: Judged): Promise<MfaPolicyDecision> {
    return noteJudged(await this.weigh(requirement, context), context.user);
  }

  private async weigh(requirement: MfaRequirement, context: Judged): Promise<MfaPolicyDecision> {
    const { user } = context;
    const session = {
      hasUser: user !== null,
      records: await this.livingRecords(requirement, context),
      now: this.clock.now(),
      defaultMaxAge: this.options.gracePeriodSeconds,
    };
    if (!user) return decide(requirement, { ...session, ...NOTHING_KNOWN });
    if (satisfies(requirement, session)) return { allow: true };

    const { state, authenticators } = context.account ?? (await this.accounts.find(userIdOf(user)));
    const enrolled = await this.adapter.isMfaEnabled(user, undefined, authenticators);
    return decide(requirement, {
      ...session,
      mustEnroll: await this.enrollment.mustEnroll(user, state, context),
      enrolled,
      enrolledTypes: [...new Set(authenticators.map(({ type }) => type))],
      usableTypes: await this.availability.usableTypes(user, authenticators, session.records),
      offeredTypes: this.options.supportedTypes,
      ...(asksForKeys(requirement) ? { keys: await this.keysOf(userIdOf(user)) } : {}),
      enrollmentDeadline: enrolled ? null : await this.enrollment.deadline(user, state),
    });
  }

  /** What is known of the user's keys. */
  private async keysOf(userId: string): Promise<MfaProofFacts[]> {
    const keys: MfaProofFacts[] = [];
    for (const factor of this.details) keys.push(...((await factor.keyFacts?.(userId)) ?? []));
    return keys;
  }

  /** What the session holds. Where a trusted browser counts, it has to be trusted still. */
  private async livingRecords(
    requirement: MfaRequirement,
    context: Pick<MfaRequestContext, 'user' | 'session'>,
  ): Promise<readonly AuthenticationRecord[]> {
    const records = recordsOf(context);
    const trusted = records.find(({ method }) => method === 'trusted_device');
    if (!requirement.acceptTrustedDevice || !trusted || !context.user) return records;
    const devices = await this.devices.find(userIdOf(context.user), this.clock.now());
    const isTrusted = devices.some(({ id }) => id === trusted.authenticatorId);
    return isTrusted ? records : records.filter((record) => record !== trusted);
  }

  /**
   * Demands the *recent* proof that changes of factors need.
   *
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others
   */
  async assertRecent(context: MfaRequestContext): Promise<void> {
    const { user } = context;
    if (!user) throw new MfaException('unauthenticated');
    const { authenticators } = context.account ?? (await this.accounts.find(userIdOf(user)));
    await this.recent.assert(context, authenticators);
  }
}

const NOTHING_KNOWN = {
  mustEnroll: false,
  enrolled: false,
  enrolledTypes: [],
  usableTypes: [],
  offeredTypes: [],
  enrollmentDeadline: null,
} as const;
