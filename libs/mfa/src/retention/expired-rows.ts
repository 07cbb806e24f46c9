import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';

import { MfaAuditService } from '../audit/mfa-audit.service.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
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

/** Removes what has expired. None of it counts any more: this only keeps the tables small. */
@Injectable()
export class ExpiredRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  async purge(): Promise<PurgeResult> {
    return {
      sessions: await this.remove(AuthenticationSession),
      totpSetups: await this.remove(TotpSetup),
      challenges: await this.remove(WebAuthnChallenge),
      trustedDevices: await this.remove(TrustedDevice),
      auditEntries: await this.audit.purge(),
    };
  }

  private async remove(entity: new () => ObjectLiteral): Promise<number> {
    return this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(entity)
        .where('expires_at < :now', { now: this.clock.now() }),
    );
  }
}
