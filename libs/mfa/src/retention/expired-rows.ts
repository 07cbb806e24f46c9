import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';

import { MfaAuditService } from '../audit/mfa-audit.service.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TotpSetup } from '../totp/totp-setup.entity.js';
import { TrustedDevice } from '../trusted-devices/trusted-device.entity.js';
import { WebAuthnChallenge } from '../webauthn/webauthn-challenge.entity.js';

/** How many rows were removed. */
export interface PurgeResult {
  sessions: number;
  totpSetups: number;
  challenges: number;
  trustedDevices: number;
  auditEntries: number;
}

/** Removes what has expired, a few rows at a time. None of it counts any more: this only keeps the tables small. */
@Injectable()
export class ExpiredRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** @param afterBatch called after each batch; stops the work when it answers false */
  async purge(afterBatch: () => Promise<boolean> = () => Promise.resolve(true)): Promise<PurgeResult> {
    return {
      sessions: await this.remove(AuthenticationSession, 'id', afterBatch),
      totpSetups: await this.remove(TotpSetup, 'userId', afterBatch),
      challenges: await this.remove(WebAuthnChallenge, 'hash', afterBatch),
      trustedDevices: await this.remove(TrustedDevice, 'id', afterBatch),
      auditEntries: await this.audit.purge(),
    };
  }

  private async remove(
    entity: new () => ObjectLiteral,
    key: string,
    afterBatch: () => Promise<boolean>,
  ): Promise<number> {
    const { batchSize } = this.options.retention;
    const now = this.clock.now();
    let removed = 0;
    for (;;) {
      const rows = await this.storage.read((dataSource) =>
        dataSource
          .createQueryBuilder(entity, 'r')
          .select(`r.${key}`)
          .where('r.expiresAt <= :now', { now })
          .orderBy('r.expiresAt')
          .limit(batchSize)
          .getMany(),
      );
      if (rows.length === 0) return removed;
      const column = this.storage.dataSource.getMetadata(entity).findColumnWithPropertyName(key);
      removed += await this.storage.write(
        this.storage.dataSource
          .createQueryBuilder()
          .delete()
          .from(entity)
          // Again, since a set-up may have been replaced by a new one of the same user.
          .where(`${column?.databaseName} IN (:...keys) AND expires_at <= :now`, {
            keys: rows.map((row) => row[key] as string),
            now,
          }),
      );
      if (rows.length < batchSize || !(await afterBatch())) return removed;
    }
  }
}
