import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { SuspendAuthenticatorFlow } from '../engine/changes/suspend-authenticator.flow.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { AdminUsers } from './admin-users.js';
import type { Reset } from './reset.flow.js';
import { ResetFlow } from './reset.flow.js';
import { UnlockFlow } from './unlock.flow.js';

/** Support actions on the factors of one user, who must be known to the application or this module. */
@Injectable()
export class FactorSupport {
  constructor(
    @Inject(AdminUsers) private readonly users: AdminUsers,
    @Inject(ResetFlow) private readonly resets: ResetFlow,
    @Inject(UnlockFlow) private readonly unlocking: UnlockFlow,
    @Inject(SuspendAuthenticatorFlow) private readonly suspending: SuspendAuthenticatorFlow,
  ) {}

  /** @throws {MfaException} `not_found`, `cannot_delete_authenticator` */
  async reset(userId: string, reset: Reset, source: MfaEventSource): Promise<void> {
    await this.changing(userId, (user) => this.resets.reset(user, reset, source));
  }

  /** @throws {MfaException} `not_found` */
  async unlock(userId: string, authenticatorId: string | undefined, source: MfaEventSource): Promise<void> {
    await this.unlocking.unlock(userId, authenticatorId, source);
  }

  /** @throws {MfaException} `not_found`, `cannot_suspend_authenticator` */
  async suspend(
    userId: string,
    authenticatorId: string,
    reason: string,
    source: MfaEventSource,
  ): Promise<void> {
    const origin = { by: 'admin', source, reason } as const;
    await this.changing(userId, (user) => this.suspending.suspend(user, authenticatorId, origin));
  }

  /** @throws {MfaException} `not_found` */
  async resume(userId: string, authenticatorId: string, source: MfaEventSource): Promise<void> {
    const origin = { by: 'admin', source } as const;
    await this.changing(userId, (user) => this.suspending.resume(user, authenticatorId, origin));
  }

  /** A user who is forgotten in the meantime is not found; it isn't the administrator's session that has ended. */
  private async changing(userId: string, change: (user: MfaUser) => Promise<unknown>): Promise<void> {
    const user = await this.users.findKnown(userId);
    try {
      await change(user);
    } catch (error) {
      const isForgotten = error instanceof MfaException && error.code === 'session_expired';
      throw isForgotten ? new MfaException('not_found', {}, { cause: error }) : error;
    }
  }
}
