import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { Authenticator } from '../authenticators/authenticator.entity.js';
import type { FactorState, PlannedChange } from '../authenticators/factor-change.js';
import { FactorChange } from '../authenticators/factor-change.js';
import { MfaException } from '../errors/mfa-exception.js';
import { MfaNotifier } from '../events/mfa-notifier.js';
import { isSecondFactor, isSecondFactorType } from '../policy/methods.js';
import { RecoveryCodeSet } from '../recovery-codes/recovery-code-set.js';
import type { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import { AuthenticationSessionService, SESSION_CLAIM } from '../sessions/authentication-session.service.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';

const REMOVAL_CLAIM = 'removal';

/** Removes an authenticator and what hangs on it. */
@Injectable()
export class RemoveAuthenticatorFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaNotifier) private readonly notifier: MfaNotifier,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Removes one authenticator. The last second factor takes the recovery codes along. Sessions lose what the removed
   * factor proved: the user's other sessions end, the current one goes on without that proof.
   *
   * @throws {MfaException} `not_found`, or `cannot_delete_authenticator` when the adapter says so
   */
  async remove(user: MfaUser, id: string, session: AuthenticationSession | null = null): Promise<void> {
    const removed = await this.change.run(user, (state) => this.plan(id, state, session));
    this.notifier.notify('authenticator_removed', user, removed);
  }

  private async plan(
    id: string,
    { userId, authenticators }: FactorState,
    session: AuthenticationSession | null,
  ): Promise<PlannedChange<Authenticator>> {
    const removed = authenticators.find((row) => row.id === id);
    if (!removed) throw new MfaException('not_found');
    if (!(await this.adapter.canDeleteAuthenticator(removed)))
      throw new MfaException('cannot_delete_authenticator');

    const writes = [this.planDeletion(userId, id)];
    const isLast = !authenticators.some((row) => row.id !== id && isSecondFactorType(row.type));
    if (isLast || removed.type === 'recovery_codes') writes.push(...this.recoveryCodes.planRemoval(userId));
    if (isSecondFactorType(removed.type))
      writes.push(this.sessions.planEndingOthers(userId, session?.id ?? ''));
    if (session) {
      const kept = session.methods.filter(
        (record) => record.authenticatorId !== id && !(isLast && isSecondFactor(record)),
      );
      writes.push(this.sessions.planRecords(session, kept));
    }
    const onLost = { [REMOVAL_CLAIM]: 'not_found', [SESSION_CLAIM]: 'session_expired' } as const;
    return { writes, result: removed, onLost };
  }

  private planDeletion(userId: string, id: string): Write {
    return {
      claim: REMOVAL_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(Authenticator)
        .where('id = :id AND user_id = :userId', { id, userId }),
    };
  }
}
