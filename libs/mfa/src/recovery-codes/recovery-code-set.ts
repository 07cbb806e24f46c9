import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { newAuthenticator } from '../authenticators/new-authenticator.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** A user's set of recovery codes as a whole: its row among the authenticators, and its codes. */
@Injectable()
export class RecoveryCodeSet {
  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** A new set in place of any former one. */
  async planReplacement(
    user: MfaUser,
    count: number = this.options.recoveryCodes.count,
  ): Promise<{ codes: string[]; authenticator: Authenticator; writes: Write[] }> {
    const userId = userIdOf(user);
    const now = new Date(this.clock.now());
    const { codes, write } = this.store.plan(userId, now, count);
    const authenticator = newAuthenticator({
      id: randomUUID(),
      userId,
      type: 'recovery_codes',
      name: await this.adapter.generateAuthenticatorName(user, 'recovery_codes'),
      createdAt: now,
      remaining: codes.length,
    });
    return {
      codes,
      authenticator,
      writes: [...this.planRemoval(userId), this.authenticators.planInsertion(authenticator), write],
    };
  }

  planRemoval(userId: string): Write[] {
    const query = this.storage.dataSource
      .createQueryBuilder()
      .delete()
      .from(Authenticator)
      .where('user_id = :userId AND type = :type', { userId, type: 'recovery_codes' });
    return [{ query }, this.store.planRemoval(userId)];
  }
}
