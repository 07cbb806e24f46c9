import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { BackupCodes } from '../../engine/changes/backup-codes.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** A user's set of recovery codes as a whole: its row among the authenticators, and its codes. */
@Injectable()
export class RecoveryCodeSet extends BackupCodes {
  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {
    super();
  }

  async areGiven(): Promise<boolean> {
    return this.options.supportedTypes.includes('recovery_codes') && !(await this.isLost());
  }

  /** Whether there can be no new set, because the key of the codes is lost. */
  async isLost(): Promise<boolean> {
    return this.store.isLost();
  }

  /** A new set in place of any former one. */
  async planReplacement(
    user: MfaUser,
    count: number = this.options.recoveryCodes.count,
  ): Promise<{ codes: string[]; authenticator: Authenticator; writes: Write[] }> {
    const userId = userIdOf(user);
    const now = new Date(this.clock.now());
    const { codes, write } = await this.store.plan(userId, now, count);
    return { codes, ...(await this.planRows(user, now, codes.length, write)) };
  }

  /** A set that exists elsewhere, in the form in which the user has it, in place of any former one. */
  async planImport(
    user: MfaUser,
    codes: readonly { code: string; usedAt: Date | null }[],
  ): Promise<{ authenticator: Authenticator; writes: Write[] }> {
    const now = new Date(this.clock.now());
    const write = await this.store.planInsertion(userIdOf(user), now, codes);
    return this.planRows(user, now, codes.filter(({ usedAt }) => usedAt === null).length, write);
  }

  private async planRows(
    user: MfaUser,
    createdAt: Date,
    remaining: number,
    codes: Write,
  ): Promise<{ authenticator: Authenticator; writes: Write[] }> {
    const userId = userIdOf(user);
    const name = await this.adapter.generateAuthenticatorName(user, 'recovery_codes');
    const type = 'recovery_codes';
    const authenticator = newAuthenticator({ id: randomUUID(), userId, type, name, createdAt, remaining });
    return {
      authenticator,
      writes: [...this.planRemoval(userId), this.authenticators.planInsertion(authenticator), codes],
    };
  }

  /** Removes the codes of all users, whose sets are gone. */
  async removeAll(): Promise<void> {
    await this.store.removeAll();
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
