import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { APPLICATION_SOURCE } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';

/** Where and how a password was changed. */
export interface PasswordChange {
  /** The request that changed the password; its session continues. */
  request?: object;
  /** Whether the user's other sessions end too. Default: false. */
  endSessions?: boolean;
}

/** Ends what was started with the old password. */
@Injectable()
export class PasswordChangedFlow {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  async tell(user: MfaUser, { request, endSessions = false }: PasswordChange): Promise<void> {
    const userId = userIdOf(user);
    const context = request && (await this.contexts.resolve(request));
    const kept = context?.authenticatedSession?.id ?? '';
    const reason = 'password_changed';
    const events: NewMfaEvent[] = [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason } }];
    if (endSessions) {
      events.push({ type: 'mfa.session.ended', data: { scope: kept === '' ? 'all' : 'others', reason } });
    }
    const ending = endSessions
      ? this.sessions.planEndingOthers(userId, kept)
      : this.sessions.planEndingPending(userId);
    await this.journal.commit(this.devices.planRevocationAround(userId, [ending]), {
      user,
      source: context?.source ?? APPLICATION_SOURCE,
      events,
    });
  }
}
