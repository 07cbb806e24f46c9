import { Inject, Injectable } from '@nestjs/common';

import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { RecoveryCodeKeys, keyIdOf } from '../factors/recovery-codes/recovery-code-keys.js';
import { RecoveryCodeSet } from '../factors/recovery-codes/recovery-code-set.js';
import { ReplaceRecoveryCodeKeyFlow } from './replace-recovery-code-key.flow.js';

/** Whether this is a set of recovery codes whose key is lost. */
export type HasLostKey = (row: Authenticator) => Promise<boolean>;

/** Finds the keys of recovery codes that no configured secret can decrypt any more. */
@Injectable()
export class LostCodeKeys {
  constructor(
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(ReplaceRecoveryCodeKeyFlow) private readonly replacing: ReplaceRecoveryCodeKeyFlow,
  ) {}

  /** Whether the key of new sets is lost. */
  async isCurrentLost(): Promise<boolean> {
    return (await this.keys.examine()) === 'lost';
  }

  /** Recognizes sets whose codes nobody can verify. Each key is looked up once. */
  ofSets(): HasLostKey {
    const known = new Map<string, boolean>();
    return async (row) => {
      if (row.type !== this.recoveryCodes.type || row.remaining === 0) return false;
      const id = keyIdOf(row);
      const isLost = known.get(id) ?? (await this.keys.isLost(id));
      known.set(id, isLost);
      return isLost;
    };
  }

  /**
   * Removes lost keys, together with codes that belong to no authenticator. Keys of sets that the adapter refuses to delete are
   * kept.
   */
  async discard(isCurrentLost: boolean, source: MfaEventSource): Promise<void> {
    if (!isCurrentLost) {
      await this.replacing.removeUnused();
      return;
    }
    await this.recoveryCodes.removeOrphans();
    await this.replacing.replace(source);
  }
}
