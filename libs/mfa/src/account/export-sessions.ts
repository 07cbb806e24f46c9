import { Inject, Injectable } from '@nestjs/common';

import { provenMethods } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { SessionActivity } from '../engine/sessions/session-activity.js';
import type { MfaUserExport } from './export-user.js';

/** Describes a user's sessions for their export, by their ids, which grant no access. */
@Injectable()
export class SessionExporter {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
  ) {}

  async of(user: Pick<MfaUser, 'id'>): Promise<MfaUserExport['sessions']> {
    const sessions = await this.sessions.list(user);
    return sessions.map((session) => ({
      id: session.id,
      status: session.status,
      proven: provenMethods(session.methods).map((proof) => ({ ...proof, at: proof.at.toISOString() })),
      createdAt: session.createdAt.toISOString(),
      lastSeenAt: this.activity.lastSeen(session).toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      userAgent: session.userAgent,
      ip: session.ip,
    }));
  }
}
