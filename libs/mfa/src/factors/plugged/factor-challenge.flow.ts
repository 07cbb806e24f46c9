import { Inject, Injectable } from '@nestjs/common';

import { userIdOf } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { ProofSubject } from '../../sign-in/second-factor.flow.js';
import { ProofSubjects } from '../../sign-in/second-factor.flow.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { isOverSameChannel } from '../../core/policy/methods.js';
import { FactorAvailability } from '../../engine/factors/factor-availability.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { FactorRows } from '../../engine/factors/factor-rows.js';

/** Challenges users for the factors of the option `factors`. */
@Injectable()
export class FactorChallengeFlow {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorRows) private readonly rows: FactorRows,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
  ) {}

  /**
   * Sends a challenge to a user who completes a sign-in or steps up. It replaces an earlier one of the same session.
   *
   * @param authenticatorId the authenticator to challenge, of several; default: the oldest that works
   * @throws {MfaException} `not_found` if the user has no authenticator of the type that can be challenged now, whatever the factor
   *   throws, `session_expired`
   */
  async challenge(context: MfaRequest, type: MfaType, authenticatorId?: string): Promise<object> {
    const factor = this.registry.find(type);
    if (!factor?.challenge) throw new MfaException('not_found');
    const subject = await this.subjects.of(context);
    const row = await this.choose(subject, type, authenticatorId);
    const { user, session } = subject;
    const sessionId = session?.id ?? '';
    const authenticator = await this.data.open(row);
    const { data, expiresAt, answer } = await factor.challenge({ user, sessionId, authenticator });
    const userId = userIdOf(user);
    const { committed } = await this.storage.commit([
      // If either is gone by the time the message was sent, nothing is stored.
      session ? this.sessions.planClaim(session) : this.authenticators.claimPresence(row),
      this.rows.planChallenge({ userId, type, sessionId, authenticatorId: row.id, data, expiresAt }),
    ]);
    if (!committed) throw new MfaException(session ? 'session_expired' : 'not_found');
    return answer;
  }

  private async choose(
    { user, session, authenticators }: ProofSubject,
    type: MfaType,
    id: string | undefined,
  ): Promise<Authenticator> {
    if (isOverSameChannel(type, session?.methods ?? [])) throw new MfaException('not_found');
    const rows = authenticators.filter((row) => row.type === type && (id === undefined || row.id === id));
    for (const row of rows) {
      if (this.authenticators.isGenuine(row) && (await this.availability.isUsable(user, row))) return row;
    }
    throw new MfaException(
      rows.length > 0 && rows.every((row) => this.authenticators.isLocked(row))
        ? 'authenticator_locked'
        : 'not_found',
    );
  }
}
