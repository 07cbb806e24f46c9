import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticatorLock } from '../engine/authenticators/authenticators.service.js';
import type { MfaEventAuthenticator } from '../engine/journal/mfa-event.js';
import { MfaJournal, nameAuthenticator } from '../engine/journal/mfa-journal.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';
import { AdminUsers } from './admin-users.js';

/** Unlocks a user's authenticators. */
@Injectable()
export class UnlockFlow {
  constructor(
    @Inject(AdminUsers) private readonly users: AdminUsers,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @throws {MfaException} `not_found` */
  async unlock(userId: string, authenticatorId: string | undefined, source: MfaEventSource): Promise<void> {
    const user = await this.users.findKnown(userId);
    const { authenticators } = await this.accounts.find(userId);
    const chosen = authenticators.filter(({ id }) => authenticatorId === undefined || id === authenticatorId);
    if (authenticatorId !== undefined && chosen.length === 0) throw new MfaException('not_found');
    const opened: MfaEventAuthenticator[] = [];
    // One by one, so that each unlocking is reported once, however many requests try. After a crash, the rest stay locked.
    for (const row of chosen.filter((one) => this.lock.hasTripped(one))) {
      const authenticator = nameAuthenticator(row);
      const { committed } = await this.journal.commit([this.lock.claimOpening(row)], {
        user,
        source,
        events: [{ type: 'mfa.authenticator.unlocked', data: { authenticator, by: 'admin' } }],
      });
      if (committed) opened.push(authenticator);
    }
    await this.journal.commit([this.limiter.planRenewal(userId)], {
      user,
      source,
      events: [{ type: 'mfa.admin.unlocked', data: { authenticators: opened } }],
    });
  }
}
