import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { isAway } from '../../core/errors/is-away.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { MfaType, MfaProofFacts } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { AuthenticatorView } from './authenticator-view.js';
import { viewAuthenticator } from './authenticator-view.js';
import { AuthenticatorsService } from './authenticators.service.js';

/** What a factor adds to lists of authenticators, by the authenticator's id. None of it is secret. */
export interface AuthenticatorDetails {
  readonly type: MfaType;
  /** @param rows the user's authenticators */
  describe(userId: string, rows: readonly Authenticator[]): Promise<ReadonlyMap<string, object>>;
  /** What proofs by the user's keys will show, as far as it is known in advance. */
  keyFacts?(userId: string): Promise<MfaProofFacts[]>;
}

/** Injection token of all {@link AuthenticatorDetails}. */
export const AUTHENTICATOR_DETAILS = Symbol.for('nestjs-mfa:AUTHENTICATOR_DETAILS');

/** What proofs by the user's keys will show, across all factors. */
export async function keyFactsOf(
  details: readonly AuthenticatorDetails[],
  userId: string,
): Promise<MfaProofFacts[]> {
  const keys: MfaProofFacts[] = [];
  for (const factor of details) keys.push(...((await factor.keyFacts?.(userId)) ?? []));
  return keys;
}

/** A user's authenticators as their owner sees them, with the details that each factor adds. */
@Injectable()
export class AuthenticatorList {
  private readonly logger = new Logger(AuthenticatorList.name);

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
      const details = await this.describe(factor, userId, rows);
      for (const view of views) Object.assign(view, details.get(view.id));
    }
    return views;
  }

  /** Empty if the factor fails: missing details must not keep the owner from the list. */
  private async describe(
    factor: AuthenticatorDetails,
    userId: string,
    rows: readonly Authenticator[],
  ): Promise<ReadonlyMap<string, object>> {
    try {
      return await factor.describe(userId, rows);
    } catch (error) {
      if (isAway(error)) throw error;
      this.logger.warn(`The details of ${factor.type} can't be listed: ${messageOf(error)}`);
      return new Map();
    }
  }
}
