import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import {
  AuthenticationSessionService,
  ENDED_CLAIM,
} from '../engine/sessions/authentication-session.service.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { SessionActivity } from '../engine/sessions/session-activity.js';
import type { MfaProvenMethod } from '../core/policy/methods.js';
import { provenMethods } from '../core/policy/methods.js';

/** A session as its owner sees it. */
export interface MfaSignedInSession {
  /** Reveals nothing about its token. */
  id: string;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  proven: MfaProvenMethod[];
  /** The user agent that signed in; null if unknown. */
  userAgent: string | null;
  /** The IP address that signed in; null if unknown. */
  ip: string | null;
  /** Whether this is the session of the request. */
  current: boolean;
}

/** Lists where a user is signed in, and ends sessions there. */
@Injectable()
export class MfaSessionsService {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(FactorChange) private readonly change: FactorChange,
  ) {}

  /**
   * The user's sessions, newest first, without those that wait for their second factor.
   *
   * @param current the session to mark as `current`
   */
  async list(
    user: Pick<MfaUser, 'id'>,
    current?: Pick<AuthenticationSession, 'id'> | null,
  ): Promise<MfaSignedInSession[]> {
    const sessions = await this.sessions.list(user);
    return sessions
      .filter(({ status }) => status === 'authenticated')
      .map((session) => ({
        id: session.id,
        createdAt: session.createdAt,
        lastSeenAt: this.activity.lastSeen(session),
        expiresAt: session.expiresAt,
        proven: provenMethods(session.methods),
        userAgent: session.userAgent,
        ip: session.ip,
        current: session.id === current?.id,
      }));
  }

  /**
   * Ends one of the user's sessions. The commit claims it: if several requests end it, one does, and the others get
   * `not_found`.
   *
   * @param context the request that asks for it; without one, the application's own code does
   * @throws {MfaException} `not_found`, and the codes of {@link FactorChange.run}
   */
  async end(user: MfaUser, id: string, context?: MfaRequest): Promise<void> {
    await this.change.run(user, { context }, ({ userId }) =>
      Promise.resolve({
        keepsFactors: true,
        writes: [this.sessions.planEndingListed(userId, id)],
        events: [{ type: 'mfa.session.ended', data: { scope: 'one', reason: 'revoked' } }],
        onLost: { [ENDED_CLAIM]: 'not_found' },
        result: undefined,
      }),
    );
  }

  /**
   * Ends all of the user's sessions except that of the request, including pending sign-ins.
   *
   * @param context the request that asks for it; without one, all sessions end
   * @throws {MfaException} the codes of {@link FactorChange.run}
   */
  async endOthers(user: MfaUser, context?: MfaRequest): Promise<void> {
    await this.change.run(user, { context }, ({ userId, session }) =>
      Promise.resolve({
        keepsFactors: true,
        writes: [this.sessions.planEndingOthers(userId, session?.id ?? '')],
        events: [
          { type: 'mfa.session.ended', data: { scope: session ? 'others' : 'all', reason: 'revoked' } },
        ],
        result: undefined,
      }),
    );
  }
}
