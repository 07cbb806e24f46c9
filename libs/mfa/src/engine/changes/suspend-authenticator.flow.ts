import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { isBackupType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorLock } from '../authenticators/authenticators.service.js';
import { FactorAvailability } from '../factors/factor-availability.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import { nameAuthenticator } from '../journal/mfa-journal.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaEventSource, MfaRequest } from '../rows/mfa-request.js';
import { AuthenticationSessionService } from '../sessions/authentication-session.service.js';
import type { FactorState, PlannedChange } from './factor-change.js';
import { FactorChange, PLAN_CLAIM } from './factor-change.js';

/** Who says that an authenticator is lost or found: its owner, with a request, or an administrator. */
export type SuspensionOrigin =
  { by: 'user'; context: MfaRequest } | { by: 'admin'; source: MfaEventSource; reason?: string };

/**
 * Suspends lost authenticators, and resumes them (NIST SP 800-63B-4, section 4.3). The owner needs only the first factor to
 * report a loss, since the second one is what they have lost. So does a thief who has the password. Therefore:
 *
 * - A suspended authenticator still makes its user enrolled and still determines which proof is owed: nothing opens, and
 *   nothing weaker will do.
 * - Recovery codes can't be reported: whoever has some gets in, and undoes what the thief has suspended.
 * - Each one can be suspended once until a second factor resumes it, so no more mails go out than there are authenticators.
 */
@Injectable()
export class SuspendAuthenticatorFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Suspends an authenticator: it verifies nothing, its past proofs no longer count, no browser stays trusted, and the user's
   * other sessions end. Does nothing if it is suspended already.
   *
   * @throws {MfaException} `not_found`; `cannot_suspend_authenticator` for recovery codes, unless an administrator asks, and
   *   when the adapter forbids it
   */
  async suspend(user: MfaUser, id: string, origin: SuspensionOrigin): Promise<Authenticator> {
    return this.change.run(user, changeOrigin(origin, 'reporting'), (state) =>
      this.planSuspension(user, findIn(state, id), state, origin),
    );
  }

  /**
   * Resumes a suspended authenticator. The owner must have proven another factor: only that can be *recent*, since this one
   * proves nothing. Does nothing if it isn't suspended.
   *
   * @throws {MfaException} `not_found`, and the codes of {@link FactorChange.run}
   */
  async resume(user: MfaUser, id: string, origin: SuspensionOrigin): Promise<Authenticator> {
    return this.change.run(user, changeOrigin(origin, 'change'), (state) =>
      Promise.resolve(this.planResumption(findIn(state, id), origin)),
    );
  }

  private async planSuspension(
    user: MfaUser,
    row: Authenticator,
    { userId, authenticators, session }: FactorState,
    origin: SuspensionOrigin,
  ): Promise<PlannedChange<Authenticator>> {
    if (row.suspendedAt !== null) return unchanged(row);
    const { by } = origin;
    const others = authenticators.filter(({ id }) => id !== row.id);
    const isLast = (await this.availability.usableTypes(user, others)).length === 0;
    const isRefused =
      (by === 'user' && isBackupType(row.type)) ||
      !(await this.adapter.canSuspendAuthenticator(row, { by, isLast }));
    if (isRefused) throw new MfaException('cannot_suspend_authenticator');

    const suspendedAt = new Date(this.clock.now());
    const isKept = ({ authenticatorId }: AuthenticationRecord) => authenticatorId !== row.id;
    return {
      writes: [
        // First, just as a use claims it first: a proof is either there when sessions end, or comes too late.
        { claim: PLAN_CLAIM, query: this.lock.claimSuspension(row, suspendedAt) },
        this.sessions.planEndingOthers(userId, session?.id ?? ''),
        ...(session ? [this.sessions.planRecords(session, session.methods.filter(isKept))] : []),
      ],
      events: [
        {
          type: 'mfa.authenticator.suspended',
          data: { authenticator: nameAuthenticator(row), by, ...reasonOf(origin) },
        },
        {
          type: 'mfa.session.ended',
          data: { scope: session ? 'others' : 'all', reason: by === 'admin' ? 'admin' : 'factors_changed' },
        },
      ],
      result: withSuspension(row, suspendedAt),
    };
  }

  private planResumption(row: Authenticator, origin: SuspensionOrigin): PlannedChange<Authenticator> {
    if (row.suspendedAt === null) return unchanged(row);
    const resumed: NewMfaEvent = {
      type: 'mfa.authenticator.resumed',
      data: { authenticator: nameAuthenticator(row), by: origin.by, ...reasonOf(origin) },
    };
    return {
      // Nothing depends on it, and no browser was trusted because of it.
      keepsFactors: true,
      writes: [{ claim: PLAN_CLAIM, query: this.lock.claimSuspension(row, null) }],
      events: [resumed],
      result: withSuspension(row, null),
    };
  }
}

const withSuspension = (row: Authenticator, suspendedAt: Date | null): Authenticator =>
  Object.assign(new Authenticator(), row, { suspendedAt });

const unchanged = (row: Authenticator): PlannedChange<Authenticator> => ({
  keepsFactors: true,
  writes: [],
  events: [],
  result: row,
});

function changeOrigin(origin: SuspensionOrigin, purpose: 'reporting' | 'change') {
  return origin.by === 'user' ? { context: origin.context, purpose } : { source: origin.source };
}

function reasonOf(origin: SuspensionOrigin): { reason?: string } {
  return origin.by === 'admin' && origin.reason !== undefined ? { reason: origin.reason } : {};
}

function findIn({ authenticators }: FactorState, id: string): Authenticator {
  const row = authenticators.find((one) => one.id === id);
  if (!row) throw new MfaException('not_found');
  return row;
}
