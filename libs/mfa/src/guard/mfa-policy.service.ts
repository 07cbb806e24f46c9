import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaRequirement, PolicyDecision } from '../policy/policy.js';
import { decide, isRecent, satisfies } from '../policy/policy.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';
import { RequestContextService, recordsOf } from '../sessions/request-context.service.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';

/** Gathers the facts that the policy decides on, and no more than it needs: each is a query. */
@Injectable()
export class MfaPolicyService {
  constructor(
    @Inject(RequestContextService) private readonly contexts: RequestContextService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether the request may pass a route with this requirement. */
  async decide(requirement: MfaRequirement, request: object, fresh: boolean): Promise<PolicyDecision> {
    const context = await this.contexts.resolve(request, {
      fresh,
      // With a grace period the refusal of someone without factors takes another query; this one makes up for it.
      withAuthenticators: this.options.enrollmentGracePeriodSeconds > 0,
    });
    const { user } = context;
    const session = {
      hasUser: user !== null,
      records: recordsOf(context),
      now: this.clock.now(),
      defaultMaxAge: this.options.gracePeriodSeconds,
    };
    if (!user) return decide(requirement, { ...session, ...NOTHING_KNOWN });
    if (satisfies(requirement, session)) return { allow: true };

    const rows = context.authenticators ?? (await this.authenticators.find(userIdOf(user)));
    const enrolled = await this.adapter.isMfaEnabled(user, undefined, rows);
    return decide(requirement, {
      ...session,
      mustEnrol: this.enrollment.mustEnrol(user),
      enrolled,
      enrolledTypes: [...new Set(rows.map(({ type }) => type))],
      usableTypes: this.authenticators.usableTypes(rows),
      offeredTypes: this.options.supportedTypes,
      enrollmentDeadline: enrolled ? null : await this.enrollment.deadline(user),
    });
  }

  /**
   * What the global guard asks: users who must have a second factor need one that was proven in this session, however long
   * ago. Everybody else passes, and so does a request without a user, whom the application's own guards turn away.
   */
  async decideGlobally(request: object, fresh: boolean): Promise<PolicyDecision> {
    const { user } = await this.contexts.resolve(request, { fresh });
    if (!user || !this.enrollment.mustEnrol(user)) return { allow: true };
    return this.decide({ maxAge: this.options.session.ttlSeconds }, request, fresh);
  }

  /**
   * Demands the *recent* proof that changes of factors need.
   *
   * @throws {MfaException} `mfa_required` for enrolled users, `reauthentication_required` for others
   */
  async assertRecent(context: MfaRequestContext): Promise<void> {
    const { user, request } = context;
    if (!user) throw new MfaException('unauthenticated');
    const rows = context.authenticators ?? (await this.authenticators.find(userIdOf(user)));
    const enrolled = await this.adapter.isMfaEnabled(user, undefined, rows);
    const maxAge = this.options.gracePeriodSeconds;
    const authenticatedAt = await this.adapter.getAuthenticatedAt(request);
    const recent = isRecent({
      enrolled,
      records: recordsOf(context),
      authenticatedAt: authenticatedAt?.getTime() ?? null,
      now: this.clock.now(),
      maxAge,
    });
    if (recent) return;
    if (!enrolled) throw new MfaException('reauthentication_required', { maxAge });
    throw new MfaException('mfa_required', { methods: this.authenticators.usableTypes(rows), maxAge });
  }
}

const NOTHING_KNOWN = {
  mustEnrol: false,
  enrolled: false,
  enrolledTypes: [],
  usableTypes: [],
  offeredTypes: [],
  enrollmentDeadline: null,
} as const;
