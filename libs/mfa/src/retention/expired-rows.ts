import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';

import { MfaAuditService } from '../engine/journal/mfa-audit.service.js';
import type { Clock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaFactorChallenge } from '../engine/factors/factor-challenge.entity.js';
import { MfaFactorSetup } from '../engine/factors/factor-setup.entity.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { GoOn } from '../storage/remove-in-batches.js';
import { removeInBatches } from '../storage/remove-in-batches.js';
import { TotpSetup } from '../factors/totp/totp-setup-store.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { WebAuthnChallenge } from '../factors/webauthn/webauthn-challenge.entity.js';

/** How many rows were removed. */
export interface PurgeResult {
  sessions: number;
  totpSetups: number;
  challenges: number;
  trustedDevices: number;
  factorSetups: number;
  factorChallenges: number;
  auditEntries: number;
}

/** By how much the clocks of two instances may differ: a used challenge is gone when no clock takes it for a living one. */
const CLOCK_SKEW_MS = 3_600_000;

/** Tables whose rows say themselves when they expire, the columns of their keys, and how long they are kept after that. */
const EXPIRING: readonly [keyof PurgeResult, new () => ObjectLiteral, string, number][] = [
  ['sessions', AuthenticationSession, 'id', 0],
  ['totpSetups', TotpSetup, 'user_id', 0],
  // The others refuse once they are gone; a used challenge that is forgotten is as good as new.
  ['challenges', WebAuthnChallenge, 'hash', CLOCK_SKEW_MS],
  ['trustedDevices', TrustedDevice, 'id', 0],
  ['factorSetups', MfaFactorSetup, 'id', 0],
  ['factorChallenges', MfaFactorChallenge, 'id', 0],
];

/** Removes what has expired, a few rows at a time. None of it counts any more: this only keeps the tables small. */
@Injectable()
export class ExpiredRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** @param goOn asked after each batch and between tables; false ends the round, and the next one does the rest */
  async purge(goOn: GoOn = () => Promise.resolve(true)): Promise<PurgeResult> {
    const now = this.clock.now();
    const removed: PurgeResult = {
      sessions: 0,
      totpSetups: 0,
      challenges: 0,
      trustedDevices: 0,
      factorSetups: 0,
      factorChallenges: 0,
      auditEntries: 0,
    };
    for (const [name, entity, key, keptMs] of EXPIRING) {
      removed[name] = await removeInBatches(
        this.storage,
        {
          entity,
          key,
          condition: 'expires_at <= :now',
          parameters: { now: now - keptMs },
          orderBy: 'expires_at',
        },
        this.options.retention.batchSize,
        goOn,
      );
      if (!(await goOn())) return removed;
    }
    removed.auditEntries = await this.audit.purge(goOn);
    return removed;
  }
}
