import { Inject, Injectable } from '@nestjs/common';

import { MfaJournal } from '../engine/journal/mfa-journal.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { UserStateService } from '../engine/users/user-state.service.js';
import { AdminUsers } from './admin-users.js';

/** Demands a second factor of one user, or withdraws the demand. */
@Injectable()
export class DemandEnrollmentFlow {
  constructor(
    @Inject(AdminUsers) private readonly users: AdminUsers,
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * @param from until then the user may work without a second factor; null withdraws the demand
   * @throws {MfaException} `not_found`
   * @throws {RangeError} when `from` is an invalid date
   */
  async demand(userId: string, reason: string, from: Date | null, source: MfaEventSource): Promise<void> {
    if (from !== null && Number.isNaN(from.getTime())) throw new RangeError('`from` must be a valid date');
    const user = await this.users.findKnown(userId);
    await this.states.ensure(userId);
    await this.journal.commit([this.states.planEnrollmentRequired(userId, from)], {
      user,
      source,
      events: [
        { type: 'mfa.admin.enrollment_required', data: { reason, from: from?.toISOString() ?? null } },
      ],
    });
  }
}
