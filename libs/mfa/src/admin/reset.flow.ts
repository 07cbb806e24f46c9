import { Inject, Injectable, Optional } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../engine/authenticators/authenticators.service.js';
import type { FactorState, PlannedChange } from '../engine/changes/factor-change.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import { BackupCodes } from '../engine/changes/backup-codes.js';
import type { FactorCleanup } from '../engine/factors/factor-parts.js';
import { FACTOR_CLEANUPS } from '../engine/factors/factor-parts.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { nameAuthenticator } from '../engine/journal/mfa-journal.js';
import { isOwnBackup, isRecoveryCodes } from '../core/policy/methods.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';

/** What to reset, and why. */
export interface Reset {
  reason: string;
  /** Resets only this authenticator. Default: all of them. */
  authenticatorId?: string;
}

/** Removes a user's factors on behalf of the user, who has lost them. */
@Injectable()
export class ResetFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Optional() @Inject(BackupCodes) private readonly backup: BackupCodes | null,
    @Inject(FACTOR_CLEANUPS) private readonly cleanups: readonly FactorCleanup[],
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws {MfaException} `not_found`, or `cannot_delete_authenticator` when the adapter refuses; nothing is removed then */
  async reset(user: MfaUser, reset: Reset, source: MfaEventSource): Promise<void> {
    await this.change.run(user, { source }, (state) => this.plan(reset, state));
  }

  private async plan(
    { reason, authenticatorId }: Reset,
    { userId, authenticators }: FactorState,
  ): Promise<PlannedChange<void>> {
    const selected = select(authenticators, authenticatorId);
    const keepsFactor = authenticators.some((row) => isSecondFactorRow(row) && !selected.includes(row));
    // What only stands in for a factor is removed with the last one.
    const removed = authenticators.filter(
      (row) => selected.includes(row) || (!keepsFactor && isOwnBackup(row)),
    );
    const takesCodes = !keepsFactor || removed.some(({ type }) => isRecoveryCodes(type));
    for (const row of authenticators) {
      const isTaken = removed.includes(row) || (takesCodes && isRecoveryCodes(row.type));
      if (isTaken && !(await this.adapter.canDeleteAuthenticator(row, { by: 'admin' })))
        throw new MfaException('cannot_delete_authenticator');
    }
    return {
      result: undefined,
      onLost: { [REMOVAL_CLAIM]: 'not_found' },
      writes: [
        ...this.authenticators.planRemoval(userId, removed, authenticators),
        ...(takesCodes ? (this.backup?.planRemoval(userId) ?? []) : []),
        ...this.cleanups.flatMap((cleanup) => cleanup.planRemoval(userId)),
        // The holder of a session may be the very person that the reset is meant to lock out.
        this.sessions.planEndingOthers(userId, ''),
        // A user who has lost a phone may have tried some codes, and must now type the first one of a new app.
        ...(authenticatorId === undefined ? [this.limiter.planRenewal(userId)] : []),
      ],
      events: [
        { type: 'mfa.admin.reset', data: { reason, authenticators: removed.map(nameAuthenticator) } },
        { type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin' } },
      ],
    };
  }
}

function select(authenticators: readonly Authenticator[], id: string | undefined): readonly Authenticator[] {
  if (id === undefined) return authenticators;
  const one = authenticators.find((row) => row.id === id);
  if (!one) throw new MfaException('not_found');
  return [one];
}
