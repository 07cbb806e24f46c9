import { Inject, Injectable } from '@nestjs/common';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';

import type { MfaSignUpName } from '../../adapter/sign-up.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaNeeds } from '../../core/policy/policy.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { parseAuthentication } from './credential-json.js';
import type { WebAuthnSignals } from './key-signals.js';
import { KeySignals } from './key-signals.js';
import { ObjectExchange } from './object-exchange.js';
import type { WebAuthnCreationRequest, WebAuthnRegistrationRequest } from './registration.flow.js';
import { RegistrationFlow } from './registration.flow.js';
import { RelyingParty } from './relying-party.js';
import { RequestOptions } from './request-options.js';
import type { MfaSignUpRequest, MfaSignUpResult } from './sign-up.flow.js';
import { SignUpFlow } from './sign-up.flow.js';
import { WebAuthnAuthenticator } from './webauthn-authenticator.js';

/** Registers and verifies security keys and passkeys (WebAuthn Level 3). */
@Injectable()
export class WebAuthnService {
  constructor(
    @Inject(RequestOptions) private readonly requests: RequestOptions,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(RegistrationFlow) private readonly registration: RegistrationFlow,
    @Inject(SignUpFlow) private readonly signUp: SignUpFlow,
    @Inject(KeySignals) private readonly signals: KeySignals,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(ObjectExchange) private readonly exchange: ObjectExchange,
  ) {}

  /** Returns the relying party ID. It comes from the options, whatever the request says. */
  async getRpId(_request?: object): Promise<string> {
    return (await this.rp.entity()).id;
  }

  /** Returns the configured origin that the request names, else the first one. */
  getOrigin(request?: object): string {
    return this.rp.originFor(request);
  }

  /**
   * Returns one of the user's security keys or passkeys as an object, whose methods take requests and return booleans.
   *
   * @param authenticatorId the key; default: one that is still to be registered
   * @throws {MfaException} `not_found`
   */
  async getAuthenticator(user: MfaUser, authenticatorId?: string): Promise<WebAuthnAuthenticator> {
    const resolve = (request: object) => this.exchange.resolve(request);
    if (authenticatorId === undefined) return new WebAuthnAuthenticator(user, this, resolve);
    const rows = await this.authenticators.find(userIdOf(user));
    const row = rows.find(({ id, type }) => id === authenticatorId && type === 'webauthn');
    if (!row) throw new MfaException('not_found');
    return new WebAuthnAuthenticator(user, this, resolve, row);
  }

  /**
   * Creates options for `navigator.credentials.create()`. Writes nothing.
   *
   * @throws {MfaException} `not_found` if WebAuthn is off, `unverified_email`, `already_enabled` with 50 keys
   */
  async getCredentialCreationOptions(
    user: MfaUser,
    request: WebAuthnCreationRequest = {},
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.registration.options(user, request);
  }

  /**
   * Registers the key. Its challenge is used up whatever the outcome.
   *
   * @throws {MfaException} `webauthn_failed`, `credential_already_registered`, `already_enabled`, `invalid_request`, `not_found`
   */
  async verifyRegistration(
    user: MfaUser,
    credential: unknown,
    request: WebAuthnRegistrationRequest = {},
  ): Promise<MfaAddedFactor> {
    return this.registration.register(user, credential, request);
  }

  /**
   * Begins a sign-up without a password: creates options for `navigator.credentials.create()`. Writes nothing, and creates no user.
   *
   * @throws {MfaException} `not_found` without the option `passkeySignUp`
   */
  async beginSignUp(name: MfaSignUpName): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.signUp.begin(name);
  }

  /**
   * Completes a sign-up: the adapter's `createUser()` creates the user, who gets the passkey and recovery codes, and is signed in.
   *
   * @param request with the same name as in {@link beginSignUp}
   * @throws {MfaException} `webauthn_failed`, whether the ceremony or the application refuses; `credential_already_registered`,
   *   `invalid_request`, `not_found`
   */
  async finishSignUp(
    credential: unknown,
    request: MfaSignUpRequest,
    exchange: MfaHttpExchange,
  ): Promise<MfaSignUpResult> {
    return this.signUp.finish(credential, request, exchange);
  }

  /**
   * Creates options for `navigator.credentials.get()` with one of the user's keys. Writes nothing.
   *
   * @param authenticatorId the required key; default: any
   * @param needs what the proof must show; keys that can't show it are left out, unless none can
   */
  async getCredentialRequestOptions(
    user: Pick<MfaUser, 'id'>,
    session: AuthenticationSession | null = null,
    authenticatorId?: string,
    needs: MfaNeeds = {},
    suspended: readonly string[] = [],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.requests.forUser(user, session, authenticatorId, needs, suspended);
  }

  /** @internal Sends the session's new token, for objects that register a key. */
  async handOut(added: MfaAddedFactor, exchange: MfaHttpExchange): Promise<void> {
    await this.exchange.handOut(added, exchange);
  }

  /** Creates options for signing in with a passkey alone. They are the same for everybody. Writes nothing. */
  async getPasskeyRequestOptions(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.requests.forPasskeys();
  }

  /**
   * Returns the arguments for `PublicKeyCredential.signalAllAcceptedCredentials()` and `signalCurrentUserDetails()`, to call after a key
   * was deleted or the user renamed (WebAuthn Level 3, section 5.1.10).
   *
   * @throws {MfaException} `not_found` if the user never had a key
   */
  async getSignals(user: MfaUser): Promise<WebAuthnSignals> {
    return this.signals.of(user);
  }

  /**
   * Returns the user's authenticator that made this assertion; the proof is used up. For callers outside a sign-in.
   *
   * @param authenticatorId the required key; default: any
   * @throws {MfaException} `webauthn_failed` or `invalid_request`
   */
  async verifyAuthentication(
    user: MfaUser,
    credential: unknown,
    session: AuthenticationSession | null = null,
    authenticatorId?: string,
  ): Promise<Authenticator> {
    const response = parseAuthentication(credential);
    const proof = await this.assertions.verifyForUser(user, response, session);
    if (authenticatorId !== undefined && proof.authenticator.id !== authenticatorId) {
      throw new MfaException('webauthn_failed');
    }
    return this.assertions.commit(user, proof);
  }
}
