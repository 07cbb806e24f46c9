import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaRequirement, MfaPolicyDecision } from '../core/policy/policy.js';
import { satisfies } from '../core/policy/policy.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { Judged } from './policy-facts.js';

/** Spends the proofs of requests that demand one of their own (`once`). */
@Injectable()
export class SpentProofs {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Decides, and spends the proofs that the decision relies on. This is one conditional statement, so of several requests that
   * have read the same proof, one gets it.
   *
   * @param decide decides on the proofs of the session at that time
   * @param spent receives the session as it is afterwards, and as it was before
   * @throws {MfaException} `session_expired` when it has ended in the meantime, or has a new token
   */
  async spend(
    requirement: MfaRequirement,
    context: Judged,
    decide: (context: Judged, now: number) => Promise<MfaPolicyDecision>,
    spent?: (session: AuthenticationSession, before: AuthenticationSession) => void,
  ): Promise<MfaPolicyDecision> {
    for (let current = context; ;) {
      // One time for both questions: a proof whose time ends between them would admit a request that doesn't spend it.
      const now = this.clock.now();
      const decision = await decide(current, now);
      const { session } = current;
      if (!decision.allow || session?.status !== 'authenticated') return decision;
      const facts = {
        records: session.methods,
        now,
        defaultMaxAge: this.options.gracePeriodSeconds,
      };
      // Admitted without a proof, as in the grace period.
      if (!satisfies(requirement, facts)) return decision;
      const planned = this.sessions.planSpending(session);
      const { committed } = await this.storage.commit([planned.write]);
      if (committed) {
        spent?.(planned.session, session);
        return decision;
      }
      const found = await this.sessions.reload(session);
      if (!found) throw new MfaException('session_expired');
      current = { ...current, ...found };
    }
  }
}

/**
 * The session for the call that has spent its proofs: for this call, they aren't spent yet. Those that an earlier request spent
 * are.
 *
 * @param before the session as it was then
 */
export function asBeforeSpending(
  session: AuthenticationSession,
  before: AuthenticationSession,
): AuthenticationSession {
  const isOwn = (record: AuthenticationRecord) =>
    before.methods.some((one) => !one.spent && one.method === record.method && one.at === record.at);
  const methods = session.methods.map((record) => {
    const { spent: _, ...unspent } = record;
    return isOwn(record) ? unspent : record;
  });
  return Object.assign(new AuthenticationSession(), session, { methods });
}
