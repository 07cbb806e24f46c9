import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import type { MfaUserState } from '../../engine/rows/mfa-user-state.entity.js';
import { RefusalLog } from '../../engine/journal/refusal-log.js';
import type { AttemptOrigin } from '../../engine/users/attempt-limiter.js';
import { AttemptLimiter } from '../../engine/users/attempt-limiter.js';

/** Counts failed ceremonies against the user's attempt limit, like wrong codes, and reports those within the limit. */
@Injectable()
export class FailedCeremonies {
  constructor(
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
  ) {}

  /**
   * Requires that the user has attempts left; otherwise no ceremony is verified.
   *
   * @throws {MfaException} `too_many_attempts`
   */
  assertRoom(state: MfaUserState | null): void {
    this.limiter.assertRoom(state);
  }

  /**
   * Counts a failed ceremony of a user who has passed the first factor.
   *
   * @param origin as for {@link AttemptLimiter.take}
   * @throws {MfaException} `too_many_attempts` if the limit was reached before, in which case the failure isn't reported;
   *   `session_expired` if the user was forgotten
   */
  async count(
    user: MfaUser,
    source: MfaEventSource,
    event: NewMfaEvent,
    origin: AttemptOrigin,
  ): Promise<void> {
    const attempt = await this.limiter.take(user, source, origin);
    await this.limiter.failed(attempt, event);
  }

  /**
   * Reports that somebody without any factor failed to sign in as this user. It uses up none of the user's attempts, since anybody could
   * exhaust these, and is reported once per window.
   */
  tellOfStranger(user: MfaUser, source: MfaEventSource): void {
    const data = { types: ['webauthn' as const], afterFirstFactor: false };
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.failed', data });
  }
}
