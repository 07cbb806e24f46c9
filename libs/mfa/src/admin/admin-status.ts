import { Inject, Injectable } from '@nestjs/common';

import type { MfaStatus } from '../account/user-status.js';
import { UserStatus } from '../account/user-status.js';
import type { MfaProvenMethod } from '../core/policy/methods.js';
import { provenMethods } from '../core/policy/methods.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { AuthenticatorView } from '../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../engine/authenticators/authenticator-view.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type {
  AuthenticationSession,
  AuthenticationSessionStatus,
} from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { SessionActivity } from '../engine/sessions/session-activity.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';
import type { TrustedDeviceView } from '../trusted-browsers/trusted-devices.service.js';
import { TrustedDevicesService } from '../trusted-browsers/trusted-devices.service.js';
import { AdminUsers } from './admin-users.js';

/** A session as an administrator sees it. */
export interface MfaSessionView {
  id: string;
  status: AuthenticationSessionStatus;
  proven: MfaProvenMethod[];
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  userAgent: string | null;
  ip: string | null;
}

/** Everything stored for a user, without secrets. */
export interface MfaAdminStatus extends Omit<MfaStatus, 'verified' | 'verifiedAt'> {
  userId: string;
  authenticators: AuthenticatorView[];
  sessions: MfaSessionView[];
  trustedDevices: TrustedDeviceView[];
  /** Until when the user's codes are refused after too many wrong ones; null if they are accepted. */
  blockedUntil: Date | null;
}

/** Describes a user's status for administrators. */
@Injectable()
export class AdminStatus {
  constructor(
    @Inject(AdminUsers) private readonly users: AdminUsers,
    @Inject(UserStatus) private readonly statuses: UserStatus,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(TrustedDevicesService) private readonly devices: TrustedDevicesService,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
  ) {}

  async of(userId: string): Promise<MfaAdminStatus> {
    const user = await this.users.find(userId);
    const { verified: _, verifiedAt: __, ...status } = await this.statuses.of(user, null);
    const { state, authenticators } = await this.accounts.find(userId);
    const sessions = await this.sessions.list(user);
    return {
      userId,
      ...status,
      authenticators: authenticators.map((row) => viewAuthenticator(row, this.authenticators.isLocked(row))),
      sessions: sessions.map((session) => this.viewSession(session)),
      trustedDevices: await this.devices.list(user),
      blockedUntil: this.limiter.blockedUntil(state),
    };
  }

  private viewSession(session: AuthenticationSession): MfaSessionView {
    const { id, status, methods, createdAt, expiresAt, userAgent, ip } = session;
    const lastSeenAt = this.activity.lastSeen(session);
    return { id, status, proven: provenMethods(methods), createdAt, lastSeenAt, expiresAt, userAgent, ip };
  }
}
