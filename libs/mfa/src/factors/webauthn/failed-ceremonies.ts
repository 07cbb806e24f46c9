import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import type { MfaUserState } from '../../engine/rows/mfa-user-state.entity.js';
import { RefusalLog } from '../../engine/journal/refusal-log.js';
import type { AttemptOrigin } from '../../engine/users/attempt-limiter.js';
import { AttemptLimiter } from '../../engine/users/attempt-limiter.js';

/** Counts ceremonies that failed against the user's budget, as wrong codes are, and tells of those that it has room for. */
@Injectable()
export class FailedCeremonies {
  constructor(
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
  ) {}

  /**
   * Demands that the budget has room: else none is verified.
   *
   * @throws {MfaException} `too_many_attempts`
   */
  assertRoom(state: MfaUserState | null): void {
    this.limiter.assertRoom(state);
  }

  /**
   * A ceremony of somebody who has passed the first factor failed.
   *
   * @param origin as for {@link AttemptLimiter.take}
   * @throws {MfaException} `too_many_attempts` when the budget was spent before it: then it is not told of; `session_expired`
   *   when the user was forgotten
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
   * Somebody without any factor failed to be this user. It costs the user nothing, since anybody could spend it; it is told
   * once a window.
   */
  tellOfStranger(user: MfaUser, source: MfaEventSource): void {
    const data = { types: ['webauthn' as const], afterFirstFactor: false };
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.failed', data });
  }
}
