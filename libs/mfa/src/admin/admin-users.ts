import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';

/** Looks up users by the ids that administrators give. */
@Injectable()
export class AdminUsers {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** Returns the user as the application knows them. A user who was deleted or disabled there can still be reset here. */
  async find(userId: string): Promise<MfaUser> {
    return (await findExactUser(this.adapter, userId)) ?? { id: userId };
  }

  /** @throws {MfaException} `not_found` when neither the application nor this module knows the user: most likely a typo */
  async findKnown(userId: string): Promise<MfaUser> {
    const user = await findExactUser(this.adapter, userId);
    if (user) return user;
    const gone = { id: userIdOf({ id: userId }) };
    const { state } = await this.accounts.find(userId);
    if (!state && (await this.sessions.list(gone)).length === 0) throw new MfaException('not_found');
    return gone;
  }
}
