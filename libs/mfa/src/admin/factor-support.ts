import { Inject, Injectable } from '@nestjs/common';

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
    await this.resets.reset(await this.users.findKnown(userId), reset, source);
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
    await this.suspending.suspend(await this.users.findKnown(userId), authenticatorId, origin);
  }

  /** @throws {MfaException} `not_found` */
  async resume(userId: string, authenticatorId: string, source: MfaEventSource): Promise<void> {
    const origin = { by: 'admin', source } as const;
    await this.suspending.resume(await this.users.findKnown(userId), authenticatorId, origin);
  }
}
