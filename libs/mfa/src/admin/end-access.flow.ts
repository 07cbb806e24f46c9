import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import { AdminUsers } from './admin-users.js';

/** Ends a user's sessions, and the trust in their browsers. */
@Injectable()
export class EndAccessFlow {
  constructor(
    @Inject(AdminUsers) private readonly users: AdminUsers,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @throws {MfaException} `not_found` */
  async endSession(userId: string, sessionId: string, source: MfaEventSource): Promise<void> {
    const { committed } = await this.journal.commit([this.sessions.planEnding(userId, sessionId)], {
      user: await this.users.find(userId),
      source,
      events: [{ type: 'mfa.session.ended', data: { scope: 'one', reason: 'admin' } }],
    });
    if (!committed) throw new MfaException('not_found');
  }

  async endSessions(userId: string, source: MfaEventSource): Promise<void> {
    await this.journal.commit([this.sessions.planEndingOthers(userId, '')], {
      user: await this.users.find(userId),
      source,
      events: [{ type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin' } }],
    });
  }

  async revokeTrust(userId: string, source: MfaEventSource): Promise<void> {
    await this.journal.commit([this.devices.planRevocationOfAll(userId)], {
      user: await this.users.find(userId),
      source,
      events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'admin' } }],
    });
  }
}
