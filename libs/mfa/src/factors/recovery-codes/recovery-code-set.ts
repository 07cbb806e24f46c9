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
import { RECOVERY_CODES_TRAITS } from './traits/recovery-codes.traits.js';
import { RecoveryCodeKeys, dataOf } from './recovery-code-keys.js';
import type { PlannedCodes } from './recovery-code-store.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** A user's set of recovery codes as a whole: its authenticator row and its codes. */
@Injectable()
export class RecoveryCodeSet extends BackupCodes {
  readonly type = RECOVERY_CODES_TRAITS.type;

  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {
    super();
  }

  async areGiven(): Promise<boolean> {
    return this.options.supportedTypes.includes(this.type) && !(await this.isLost());
  }

  /** Whether no new set can be created because the key of the codes is lost. */
  async isLost(): Promise<boolean> {
    return this.keys.isCurrentLost();
  }

  /** Plans a new set that replaces any former one. */
  async planReplacement(
    user: MfaUser,
    count: number = this.options.recoveryCodes.count,
  ): Promise<{ codes: string[]; authenticator: Authenticator; writes: Write[] }> {
    const userId = userIdOf(user);
    const now = new Date(this.clock.now());
    const { codes, ...planned } = await this.store.plan(userId, now, count);
    return { codes, ...(await this.planRows(user, now, codes.length, planned)) };
  }

  /** Plans to import the codes that a user has from another system, replacing any former set. */
  async planImport(
    user: MfaUser,
    codes: readonly { code: string; usedAt: Date | null }[],
  ): Promise<{ authenticator: Authenticator; writes: Write[] }> {
    const now = new Date(this.clock.now());
    const planned = await this.store.planInsertion(userIdOf(user), now, codes);
    return this.planRows(user, now, codes.filter(({ usedAt }) => usedAt === null).length, planned);
  }

  private async planRows(
    user: MfaUser,
    createdAt: Date,
    remaining: number,
    codes: PlannedCodes,
  ): Promise<{ authenticator: Authenticator; writes: Write[] }> {
    const userId = userIdOf(user);
    const { type } = this;
    const name = await this.adapter.generateAuthenticatorName(user, type);
    const data = dataOf(codes.keyId);
    const authenticator = newAuthenticator({
      id: randomUUID(),
      userId,
      type,
      name,
      data,
      createdAt,
      remaining,
    });
    return {
      authenticator,
      writes: [
        ...this.planRemoval(userId),
        this.authenticators.planInsertion(authenticator),
        ...codes.writes,
      ],
    };
  }

  /** Deletes codes whose set no longer exists. */
  async removeOrphans(): Promise<void> {
    await this.store.removeOrphans();
  }

  planRemoval(userId: string): Write[] {
    const query = this.storage.dataSource
      .createQueryBuilder()
      .delete()
      .from(Authenticator)
      .where('user_id = :userId AND type = :type', { userId, type: this.type });
    return [{ query }, this.store.planRemoval(userId)];
  }
}
