import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../../engine/rows/account.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaNeeds } from '../../core/policy/policy.js';
import { ProfileFloor } from '../../engine/factors/profile-floor.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import type { MfaLoginResult } from '../../sign-in/login.flow.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { ProofWishes } from '../../sign-in/second-factor.flow.js';
import { ProofSubjects, SecondFactorFlow } from '../../sign-in/second-factor.flow.js';
import { SessionTransport } from '../../engine/sessions/session-transport.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { parseAuthentication } from './credential-json.js';
import { WebAuthnService } from './webauthn.service.js';

const isForPasswordlessOnly = ({ role }: Authenticator): boolean => role === PASSWORDLESS;

/** Signs in, finishes a sign-in, or steps up, with a security key or passkey. */
@Injectable()
export class WebAuthnFlow {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(SecondFactorFlow) private readonly secondFactor: SecondFactorFlow,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** Options for the user who is half signed in or steps up. */
  async options(context: MfaRequest, needs: MfaNeeds = {}): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { user, session, authenticators } = await this.subjects.of(context);
    const keys = authenticators.filter(({ type }) => type === 'webauthn');
    // Passkeys that are no second factor have to verify their user; where there are others, it is asked for as usual.
    const userVerified = needs.userVerified ?? (keys.length > 0 && keys.every(isForPasswordlessOnly));
    const asked = { ...needs, ...(userVerified ? { userVerified } : {}), ...this.floor.needs };
    const suspended = keys.filter(({ suspendedAt }) => suspendedAt !== null).map(({ id }) => id);
    return this.webauthn.getCredentialRequestOptions(user, session, undefined, asked, suspended);
  }

  /** @throws {MfaException} `webauthn_failed`, `too_many_attempts`, `authenticator_locked`, `invalid_request`, `session_expired` */
  async authenticate(
    context: MfaRequest,
    credential: unknown,
    wishes: ProofWishes = {},
  ): Promise<MfaLoginResult> {
    const response = parseAuthentication(credential);
    const account = context.account ?? (await this.accountOf(context));
    const subject = await this.subjects.of(context.with({ account: account ?? null }));
    const source = context.source;
    const known = { account, source };
    const proof = await this.assertions.verifyForUser(subject.user, response, subject.session, known);
    const isLate = new MfaException('webauthn_failed');
    try {
      return await this.secondFactor.finish(subject, proof, isLate, context, wishes);
    } catch (error) {
      if (error !== isLate) throw error;
      const afterFirstFactor = subject.session?.status === 'pending';
      return this.assertions.refuseLate(subject.user, proof, source, afterFirstFactor);
    }
  }

  /**
   * Signs in with a passkey, which counts as both factors. The session that the client held before is over.
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
    const former = await this.transport.readToken(exchange.request);
    const ending = former === null ? [] : [this.sessions.planEndingToken(former)];
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

  /** What is kept of somebody who is signed in at the application and has no session here: read once for all that follows. */
  private async accountOf({ user }: MfaRequest): Promise<Account | undefined> {
    return user ? this.accounts.find(userIdOf(user)) : undefined;
  }
}
