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
  /** Says nothing of its token. */
  id: string;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  proven: MfaProvenMethod[];
  /** Of the sign-in; null when it is not known. */
  userAgent: string | null;
  /** Of the sign-in; null when it is not known. */
  ip: string | null;
  /** Whether the request comes with this session. */
  current: boolean;
}

/** Where a user is signed in, and ending it there. */
@Injectable()
export class MfaSessionsService {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(FactorChange) private readonly change: FactorChange,
  ) {}

  /**
   * The user's sessions, the newest first. A sign-in that waits for its second factor is none.
   *
   * @param current tells which of them is `current`
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
   * Ends one of the user's sessions. The commit claims it: of several that end it, one does, and the others learn that it is gone.
   *
   * @param context the request that asks for it; without one it is code of the application's
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
   * Ends all of the user's sessions but the one of the request, and the sign-ins that are under way.
   *
   * @param context the request that asks for it; without one all of them end
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
