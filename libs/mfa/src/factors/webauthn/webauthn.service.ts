import { Inject, Injectable } from '@nestjs/common';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { generateAuthenticationOptions } from '@simplewebauthn/server';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaSignUpName } from '../../adapter/sign-up.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaNeeds } from '../../core/policy/policy.js';
import { isOfKind } from '../../core/policy/policy.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';
import { MfaRequestService } from '../../engine/sessions/mfa-request.service.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { AttestationPolicy } from './attestation-policy.js';
import { describeCredentials, toBytes } from './ceremony-json.js';
import { CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import { parseAuthentication } from './credential-json.js';
import { CredentialStore } from './credential-store.js';
import type { WebAuthnCreationRequest, WebAuthnRegistrationRequest } from './registration.flow.js';
import { RegistrationFlow } from './registration.flow.js';
import { RelyingParty } from './relying-party.js';
import type { MfaSignUpRequest, MfaSignUpResult } from './sign-up.flow.js';
import { SignUpFlow } from './sign-up.flow.js';
import { WebAuthnAuthenticator } from './webauthn-authenticator.js';

/** Arguments of the signal methods of `PublicKeyCredential`. */
export interface WebAuthnSignals {
  allAcceptedCredentials: { rpId: string; userId: string; allAcceptedCredentialIds: string[] };
  currentUserDetails: { rpId: string; userId: string; name: string; displayName: string };
}

/** Registers and checks security keys and passkeys (WebAuthn Level 3). */
@Injectable()
export class WebAuthnService {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(RegistrationFlow) private readonly registration: RegistrationFlow,
    @Inject(SignUpFlow) private readonly signUp: SignUpFlow,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** The relying party id. It comes from the options, whatever the request says. */
  async getRpId(_request?: object): Promise<string> {
    return (await this.rp.entity()).id;
  }

  /** The configured origin that the request names, else the first one. */
  getOrigin(request?: object): string {
    return this.rp.originFor(request);
  }

  /**
   * One of the user's security keys and passkeys as an object, whose methods take requests and answer yes or no.
   *
   * @param authenticatorId which one; default: one that is to be registered
   * @throws {MfaException} `not_found`
   */
  async getAuthenticator(user: MfaUser, authenticatorId?: string): Promise<WebAuthnAuthenticator> {
    const resolve = (request: object) => this.contexts.resolve(request);
    if (authenticatorId === undefined) return new WebAuthnAuthenticator(user, this, resolve);
    const rows = await this.authenticators.find(userIdOf(user));
    const row = rows.find(({ id, type }) => id === authenticatorId && type === 'webauthn');
    if (!row) throw new MfaException('not_found');
    return new WebAuthnAuthenticator(user, this, resolve, row);
  }

  /**
   * Options for `navigator.credentials.create()`. Writes nothing.
   *
   * @throws {MfaException} `not_found` when WebAuthn is off, `unverified_email`
   */
  async getCredentialCreationOptions(
    user: MfaUser,
    request: WebAuthnCreationRequest = {},
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.registration.options(user, request);
  }

  /**
   * Registers the key. Its challenge is used up, whatever the outcome.
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
   * Begins a sign-up without a password: options for `navigator.credentials.create()`. Writes nothing, and makes no user.
   *
   * @throws {MfaException} `not_found` without the option `passkeySignUp`
   */
  async beginSignUp(name: MfaSignUpName): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.signUp.begin(name);
  }

  /**
   * Finishes it: the adapter's `createUser()` makes the user, who gets the passkey and recovery codes and is signed in.
   *
   * @param request with the name that it was begun with
   * @throws {MfaException} `webauthn_failed`, whether the ceremony or the application refuses it, `credential_already_registered`,
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
   * Options for `navigator.credentials.get()` with one of the user's keys. Writes nothing.
   *
   * @param authenticatorId which key it has to be; default: any
   * @param needs what the proof has to show; keys that can't are left out, unless none can
   */
  async getCredentialRequestOptions(
    user: Pick<MfaUser, 'id'>,
    session: AuthenticationSession | null = null,
    authenticatorId?: string,
    needs: MfaNeeds = {},
    suspended: readonly string[] = [],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const userId = userIdOf(user);
    const userVerification = needs.userVerified ? 'required' : this.rp.options.userVerification;
    const account = await this.credentials.findAccount(userId);
    const credentials = account.credentials.filter(
      (one) =>
        (authenticatorId === undefined || one.authenticatorId === authenticatorId) &&
        !suspended.includes(one.authenticatorId),
    );
    const fitting = credentials.filter((one) =>
      isOfKind({ ...one, attested: this.attestation.isAttested(one) }, needs),
    );
    return this.requestOptions(
      { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' },
      userVerification,
      describeCredentials(fitting.length > 0 ? fitting : credentials),
    );
  }

  /** @internal The session's new token, for objects that register a key. */
  async handOut({ issued }: MfaAddedFactor, { request, response }: MfaHttpExchange): Promise<void> {
    if (issued) await this.answers.give(request, response, issued);
  }

  /** Options for signing in with a passkey alone: for anybody, and so the same for all. Writes nothing. */
  async getPasskeyRequestOptions(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.requestOptions({ ceremony: 'passkey', userId: '', sessionId: '' }, 'required');
  }

  /**
   * What `PublicKeyCredential.signalAllAcceptedCredentials()` and `signalCurrentUserDetails()` take, to call after a key was
   * removed or the user renamed (WebAuthn Level 3, section 5.1.10).
   *
   * @throws {MfaException} `not_found` when the user never had a key
   */
  async getSignals(user: MfaUser): Promise<WebAuthnSignals> {
    const rpId = await this.getRpId();
    const { userHandle, credentials } = await this.credentials.findAccount(userIdOf(user));
    if (!userHandle) throw new MfaException('not_found');
    const { id, name, displayName } = await this.adapter.getPublicKeyCredentialUserEntity(user, userHandle);
    const allAcceptedCredentialIds = credentials.map(({ credentialId }) => credentialId);
    return {
      allAcceptedCredentials: { rpId, userId: id, allAcceptedCredentialIds },
      currentUserDetails: { rpId, userId: id, name, displayName },
    };
  }

  /**
   * The user's authenticator that made this assertion; the proof is used up. For callers outside a sign-in.
   *
   * @param authenticatorId which key it has to be; default: any
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

  private async requestOptions(
    binding: Omit<ChallengeBinding, 'rpId'>,
    userVerification: 'required' | 'preferred' | 'discouraged',
    allowCredentials?: { id: string; transports: string[] }[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const rpId = await this.getRpId();
    const challenge = await this.challenges.issue(
      { ...binding, rpId },
      {
        requireUserVerification: userVerification === 'required',
        role: 'second_factor',
        automatic: false,
        userHandle: '',
      },
    );
    const options = await generateAuthenticationOptions({
      rpID: rpId,
      challenge: toBytes(challenge),
      timeout: CEREMONY_TIMEOUT_MS,
      userVerification,
      ...(allowCredentials ? { allowCredentials } : {}),
    });
    return { ...options, ...this.rp.hints() };
  }
}
