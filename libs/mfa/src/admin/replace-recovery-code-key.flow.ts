import { Inject, Injectable } from '@nestjs/common';

import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { RecoveryCodeKeys } from '../factors/recovery-codes/recovery-code-keys.js';

/** The state of the keys of recovery codes after one was replaced. */
export interface RecoveryCodeKeyReplacement {
  /** Sets that still have unused codes under a former key, until their users generate new ones. */
  formerSets: number;
  /** Former keys that were removed because they are no longer needed. */
  removedKeys: number;
}

/** Replaces the key that new sets of recovery codes are hashed under. */
@Injectable()
export class ReplaceRecoveryCodeKeyFlow {
  constructor(
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  async replace(source: MfaEventSource): Promise<RecoveryCodeKeyReplacement> {
    for (;;) {
      const { id, writes } = await this.keys.planReplacement();
      const { committed } = await this.journal.commit(writes, {
        user: null,
        source,
        events: [{ type: 'mfa.admin.recovery_code_key_replaced', data: { keyId: id } }],
      });
      // Losing means that another request has added a new key, so this terminates.
      if (committed) break;
    }
    return { removedKeys: await this.removeUnused(), formerSets: await this.keys.countFormerSets() };
  }

  /** Removes former keys that are no longer needed. Returns how many. */
  async removeUnused(): Promise<number> {
    return this.keys.removeUnused();
  }
}
