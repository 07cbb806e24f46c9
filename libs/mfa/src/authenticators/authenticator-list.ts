import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { MfaType } from '../policy/methods.js';
import type { AuthenticatorDetails } from './authenticator-details.js';
import { AUTHENTICATOR_DETAILS } from './authenticator-details.js';
import type { AuthenticatorView } from './authenticator-view.js';
import { viewAuthenticator } from './authenticator-view.js';
import { AuthenticatorsService } from './authenticators.service.js';

/** The authenticators of a user as their owner sees them, with what each factor knows of its own. */
@Injectable()
export class AuthenticatorList {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AUTHENTICATOR_DETAILS) private readonly details: readonly AuthenticatorDetails[],
  ) {}

  /** Oldest first, of one type if one is given. */
  async find(user: Pick<MfaUser, 'id'>, type?: MfaType): Promise<AuthenticatorView[]> {
    const userId = userIdOf(user);
    const rows = (await this.authenticators.find(userId)).filter(
      (row) => type === undefined || row.type === type,
    );
    const views = rows.map((row) => viewAuthenticator(row, this.authenticators.isLocked(row)));
    for (const factor of this.details) {
      if (!rows.some((row) => row.type === factor.type)) continue;
      const details = await factor.describe(userId);
      for (const view of views) Object.assign(view, details.get(view.id));
    }
    return views;
  }
}
