import { Inject, Injectable } from '@nestjs/common';

import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { ModelMetadata } from '../factors/webauthn/metadata/model-metadata.js';
import { RevokedModels } from '../factors/webauthn/revoked-models.js';
import type { MfaPurgeResult } from '../retention/expired-rows.js';
import { ExpiredRows } from '../retention/expired-rows.js';
import type { MfaRotationOptions, MfaRotationResult } from '../secrets/secret-rotation.js';
import { SecretRotation } from '../secrets/secret-rotation.js';
import type { MfaDiscardOptions, MfaDiscardReport } from './discard-unreadable.flow.js';
import { DiscardUnreadableFlow } from './discard-unreadable.flow.js';
import type { RecoveryCodeKeyReplacement } from './replace-recovery-code-key.flow.js';
import { ReplaceRecoveryCodeKeyFlow } from './replace-recovery-code-key.flow.js';

/** Maintenance across all users: replacing keys, and removing expired rows. */
@Injectable()
export class Upkeep {
  constructor(
    @Inject(ExpiredRows) private readonly expired: ExpiredRows,
    @Inject(SecretRotation) private readonly rotation: SecretRotation,
    @Inject(DiscardUnreadableFlow) private readonly discarding: DiscardUnreadableFlow,
    @Inject(ReplaceRecoveryCodeKeyFlow) private readonly replacing: ReplaceRecoveryCodeKeyFlow,
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(RevokedModels) private readonly revoked: RevokedModels,
  ) {}

  async rotateSecret(options: MfaRotationOptions): Promise<MfaRotationResult> {
    return this.rotation.rotate(options);
  }

  async discardUnreadable(options: MfaDiscardOptions, source: MfaEventSource): Promise<MfaDiscardReport> {
    return this.discarding.discard(options, source);
  }

  /** @throws {Error} when the adapter's key service is unavailable; nothing is replaced then */
  async replaceRecoveryCodeKey(source: MfaEventSource): Promise<RecoveryCodeKeyReplacement> {
    return this.replacing.replace(source);
  }

  /** @throws {Error} without the option `webauthn.metadata` */
  async reportRevokedModels(source: MfaEventSource): Promise<number> {
    if (!this.models.isOn)
      throw new Error('`webauthn.metadata` is not set, so nothing is known about models');
    await this.models.refresh(true);
    return this.revoked.report(source);
  }

  async purgeExpired(): Promise<MfaPurgeResult & { recoveryCodeKeys: number }> {
    return { ...(await this.expired.purge()), recoveryCodeKeys: await this.replacing.removeUnused() };
  }
}
