import { Inject, Injectable } from '@nestjs/common';
import { MfaAuditService } from '../engine/journal/mfa-audit.service.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { ExpiringTable } from '../engine/factors/factor-parts.js';
import { FACTORS } from '../factors/factors.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { removeInBatches } from '../storage/remove-in-batches.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';

/** How many rows were removed. */
export interface MfaPurgeResult {
  sessions: number;
  totpSetups: number;
  challenges: number;
  trustedDevices: number;
  factorSetups: number;
  factorChallenges: number;
  auditEntries: number;
}

const EXPIRING: readonly ExpiringTable[] = [
  { name: 'sessions', entity: AuthenticationSession, key: 'id', keptMs: 0 },
  ...FACTORS.flatMap(({ expiring }) => expiring),
  { name: 'trustedDevices', entity: TrustedDevice, key: 'id', keptMs: 0 },
];

/** Removes what has expired, a few rows at a time. None of it counts any more: this only keeps the tables small. */
@Injectable()
export class ExpiredRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async purge(): Promise<MfaPurgeResult> {
    const now = this.clock.now();
    const removed = Object.fromEntries(
      [...EXPIRING.map(({ name }) => name), 'auditEntries'].map((name) => [name, 0]),
    ) as unknown as MfaPurgeResult;
    for (const { name, entity, key, keptMs } of EXPIRING) {
      removed[name as keyof MfaPurgeResult] = await removeInBatches(
        this.storage,
        {
          entity,
          key,
          condition: 'expires_at <= :now',
          parameters: { now: now - keptMs },
          orderBy: 'expires_at',
        },
        this.options.retention.batchSize,
      );
    }
    removed.auditEntries = await this.audit.purge();
    return removed;
  }
}
