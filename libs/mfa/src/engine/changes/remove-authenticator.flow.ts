import { Inject, Injectable, Optional } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaRequirementContext } from '../../adapter/hook-contexts.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { PASSWORDLESS, isSecondFactorRow } from '../rows/authenticator.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../authenticators/authenticators.service.js';
import type { FactorState, PlannedChange } from './factor-change.js';
import { FactorChange } from './factor-change.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import { nameAuthenticator } from '../journal/mfa-journal.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import {
  isBackupType,
  isOwnBackup,
  isRecoveryCodes,
  isSecondFactor,
  isTrustedBrowser,
  typeOfRecord,
} from '../../core/policy/methods.js';
import { AuthenticationSessionService } from '../sessions/authentication-session.service.js';
import type { MfaRequest } from '../rows/mfa-request.js';
import { BackupCodes } from './backup-codes.js';

/** Removes an authenticator and what depends on it. */
@Injectable()
export class RemoveAuthenticatorFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Optional() @Inject(BackupCodes) private readonly backup: BackupCodes | null,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Removes one authenticator. Removing the last second factor also removes what stands in for it, such as recovery codes.
   * Sessions lose what the removed factor proved: the user's other sessions end, and the current one continues without that
   * proof.
   *
   * @throws {MfaException} `not_found`, or `cannot_delete_authenticator` when the adapter keeps it or it {@link isNeeded}
   */
  async remove(user: MfaUser, id: string, context?: MfaRequest): Promise<void> {
    await this.change.run(user, { context }, async (state) => {
      if (await this.isNeeded(user, id, state.authenticators, context))
        throw new MfaException('cannot_delete_authenticator');
      return this.plan(id, state);
    });
  }

  /** Whether this is the last second factor of a user who must have one. Only an administrator's reset removes that. */
  async isNeeded(
    user: MfaUser,
    id: string,
    authenticators: readonly (Pick<Authenticator, 'id' | 'type'> & { role?: string | null })[],
    context: MfaRequirementContext = {},
  ): Promise<boolean> {
    const [first, ...others] = authenticators.filter(isSecondFactorRow);
    const isLast = first?.id === id && others.length === 0;
    return isLast && this.adapter.isMfaRequired(user, context);
  }

  private async plan(
    id: string,
    { userId, authenticators, session }: FactorState,
  ): Promise<PlannedChange<void>> {
    const removed = authenticators.find((row) => row.id === id);
    if (!removed) throw new MfaException('not_found');
    const isLast =
      removed.role !== PASSWORDLESS && !authenticators.some((row) => row.id !== id && isSecondFactorRow(row));
    const backups = isLast ? authenticators.filter((row) => row.id !== id && isBackupType(row.type)) : [];
    for (const row of [removed, ...backups]) {
      if (!(await this.adapter.canDeleteAuthenticator(row, { by: 'user' })))
        throw new MfaException('cannot_delete_authenticator');
    }
    const others = backups.filter(isOwnBackup);
    const writes = this.authenticators.planRemoval(userId, [removed, ...others], authenticators);
    if (this.backup && (isLast || isRecoveryCodes(removed.type)))
      writes.push(...this.backup.planRemoval(userId));
    const events: NewMfaEvent[] = [
      { type: 'mfa.authenticator.removed', data: { authenticator: nameAuthenticator(removed), isLast } },
      ...others.map((row): NewMfaEvent => {
        const data = { authenticator: nameAuthenticator(row), isLast: false };
        return { type: 'mfa.authenticator.removed', data };
      }),
    ];
    if (!isBackupType(removed.type)) {
      writes.push(this.sessions.planEndingOthers(userId, session?.id ?? ''));
      const scope = session ? 'others' : 'all';
      events.push({ type: 'mfa.session.ended', data: { scope, reason: 'factors_changed' } });
    }
    if (session) {
      // Also by method, because regenerated recovery codes have a new id.
      const isGone = (record: AuthenticationRecord) =>
        record.authenticatorId === id ||
        (isRecoveryCodes(removed.type) && typeOfRecord(record) === removed.type) ||
        // The trust in a browser that stood in for a factor goes with the last one, too.
        (isLast && (isSecondFactor(record) || isTrustedBrowser(record)));
      const kept = session.methods.filter((record) => !isGone(record));
      writes.push(this.sessions.planRecords(session, kept));
    }
    return { writes, events, result: undefined, onLost: { [REMOVAL_CLAIM]: 'not_found' } };
  }
}
