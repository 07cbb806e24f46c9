import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { FormerSessions } from '../../engine/sessions/former-sessions.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaLoginResult } from '../../sign-in/login.flow.js';
import { SecondFactorFlow } from '../../sign-in/second-factor.flow.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { parseAuthentication } from './credential-json.js';

/** Signs in with a passkey alone. */
@Injectable()
export class PasskeyFlow {
  constructor(
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(SecondFactorFlow) private readonly secondFactor: SecondFactorFlow,
    @Inject(FormerSessions) private readonly former: FormerSessions,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Signs in with a passkey, which counts as both factors. Ends the client's previous session.
   *
   * @throws {MfaException} `webauthn_failed` or `invalid_request`
   */
  async signIn(credential: unknown, exchange: MfaHttpExchange): Promise<MfaLoginResult> {
    const response = parseAuthentication(credential);
    const proof = await this.assertions.verifyPasskey(
      response,
      (id) => this.adapter.findUser(id),
      exchange.request,
    );
    const ending = await this.former.planEnding(exchange.request);
    const { user, authenticator, authenticators } = proof;
    const isLate = new MfaException('webauthn_failed');
    try {
      return await this.secondFactor.finish(
        { user, session: null, isSignIn: true, authenticators },
        { authenticator, claims: [...proof.claims, ...ending], facts: proof.facts },
        isLate,
        exchange,
      );
    } catch (error) {
      if (error !== isLate) throw error;
      const source = sourceOfRequest(exchange.request, userIdOf(user));
      return this.assertions.refuseLate(user, proof, source, false);
    }
  }
}
