import { Inject, Injectable } from '@nestjs/common';

import { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { sourceOfRequest, getMfaSession } from '../engine/rows/mfa-request.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';
import type { MfaLoginResult } from './login.flow.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import { ReauthenticationFlow } from './reauthentication.flow.js';

/** Asks the application whether a signed-in user knows the password, and records it if they do. */
@Injectable()
export class PasswordFlow {
  constructor(
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(ReauthenticationFlow) private readonly reauthentications: ReauthenticationFlow,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** Whether the application can check passwords at all. */
  get isAvailable(): boolean {
    return this.adapter.checkPassword !== DefaultMfaAdapter.prototype.checkPassword;
  }

  /**
   * Checks the password. This counts as an attempt, so that the holder of a stolen session can't guess it here.
   *
   * @throws {MfaException} `incorrect_code` when it is wrong, `too_many_attempts`
   */
  async prove(user: MfaUser, password: string, exchange: MfaHttpExchange): Promise<MfaLoginResult> {
    const session = getMfaSession(exchange.request) ?? null;
    const source = sourceOfRequest(exchange.request, userIdOf(user), session?.id ?? null);
    const attempt = await this.limiter.take(user, source, { session });
    const failure: NewMfaEvent = { type: 'mfa.reauthentication.failed', data: { method: 'pwd' } };
    const isRight = await this.limiter.judging(attempt, failure, () =>
      this.isRight(user, password, exchange.request),
    );
    if (!isRight) {
      await this.limiter.failed(attempt, failure);
      throw new MfaException('incorrect_code');
    }
    await this.limiter.giveBack(attempt);
    return this.reauthentications.record(user, exchange);
  }

  private async isRight(user: MfaUser, password: string, request: object): Promise<boolean> {
    return (await this.adapter.checkPassword(user, password, request)) === true;
  }
}
