import { randomBytes, randomUUID } from 'node:crypto';

import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaSignUp, MfaSignUpName } from '../../adapter/sign-up.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../../engine/authenticators/authenticator-view.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { ProfileFloor } from '../../engine/factors/profile-floor.js';
import type { MfaIssuedSession } from '../../engine/rows/issued-session.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import { SessionLimit } from '../../engine/sessions/session-limit.js';
import type { CompletedSignIn, MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SessionAnswers, SessionTransport } from '../../engine/sessions/session-transport.js';
import { MfaOptionsError } from '../../options/options-error.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Attestation } from './attestation-policy.js';
import { AttestationPolicy } from './attestation-policy.js';
import type { ChallengeContent } from './challenge.js';
import { Challenges } from './challenges.js';
import type { RegistrationJson } from './credential-json.js';
import { parseRegistration } from './credential-json.js';
import { CredentialStore, HANDLE_CLAIM, NEW_CREDENTIAL_CLAIM } from './credential-store.js';
import { creationOptions, credentialRecord, shownBy } from './new-credential.js';
import { RelyingParty } from './relying-party.js';
import type { VerifiedRegistration } from './verify-registration.js';
import { verifyRegistration } from './verify-registration.js';

export interface MfaSignUpRequest extends MfaSignUpName {
  fields?: Readonly<Record<string, unknown>> | undefined;
}

/** The answer to a sign-up: the user is signed in. */
export type MfaSignUpResult = CompletedSignIn & {
  authenticator: AuthenticatorView;
  /** Shown this once; absent where there are no recovery codes. */
  recoveryCodes?: string[];
};

/** A ceremony that holds. */
interface Ceremony {
  content: ChallengeContent;
  verified: VerifiedRegistration;
  attestation: Attestation;
  rpId: string;
  response: RegistrationJson;
}

const HANDLE_BYTES = 32;
/** It takes the place of both factors, so it has to be found without a name, and to verify its user. */
const ROLE = 'both';

/** Makes accounts that begin with a passkey, without a password. */
@Injectable()
export class SignUpFlow implements OnModuleInit {
  private readonly logger = new Logger(SignUpFlow.name);

  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @throws {MfaOptionsError} when nobody would make the user */
  onModuleInit(): void {
    if (!this.options.passkeySignUp || this.adapter.createUser !== DefaultMfaAdapter.prototype.createUser)
      return;
    throw new MfaOptionsError([
      '`passkeySignUp` needs the hook `createUser()` of the adapter: it makes the user of a sign-up',
    ]);
  }

  /**
   * Options for `navigator.credentials.create()`. Nothing is written or looked up: they are the same whether the name is taken or not.
   *
   * @throws {MfaException} `not_found` without the option `passkeySignUp`
   */
  async begin({ name, displayName = name }: MfaSignUpName): Promise<PublicKeyCredentialCreationOptionsJSON> {
    this.assertOn();
    const rp = await this.rp.entity();
    const userHandle = randomBytes(HANDLE_BYTES).toString('base64url');
    const challenge = await this.challenges.issue(
      { ceremony: 'sign_up', userId: name, sessionId: '', rpId: rp.id },
      { requireUserVerification: true, role: ROLE, automatic: false, userHandle },
    );
    return creationOptions(
      {
        rp,
        user: { id: userHandle, name, displayName },
        challenge,
        residentKey: 'required',
        userVerification: 'required',
      },
      this.rp,
    );
  }

  /**
   * Finishes a sign-up: once the ceremony holds, the application makes the user, who gets the passkey and recovery codes, and is signed
   * in. Whatever refuses it, the ceremony or the application, has one answer.
   *
   * @throws {MfaException} `webauthn_failed`, `credential_already_registered`, `invalid_request`, `not_found`
   */
  async finish(
    credential: unknown,
    { name, displayName = name, fields = {} }: MfaSignUpRequest,
    exchange: MfaHttpExchange,
  ): Promise<MfaSignUpResult> {
    this.assertOn();
    const signUp: MfaSignUp = { name, displayName, fields };
    const ceremony = await this.verify(parseRegistration(credential), signUp);
    const user = await this.adapter.createUser(signUp, exchange.request);
    if (!user) throw new MfaException('webauthn_failed');
    await this.assertNew(user);
    const { authenticator, recoveryCodes, issued } = await this.add(user, ceremony, exchange);
    await this.limit.started(issued);
    return {
      ...(await this.answers.complete(user, issued, exchange, 'sign_up')),
      authenticator: viewAuthenticator(authenticator, false),
      ...(recoveryCodes ? { recoveryCodes } : {}),
    };
  }

  private assertOn(): void {
    if (!this.options.passkeySignUp) throw new MfaException('not_found');
  }

  private async verify(response: RegistrationJson, { name, displayName }: MfaSignUp): Promise<Ceremony> {
    const { id: rpId } = await this.rp.entity();
    const binding = { ceremony: 'sign_up', userId: name, sessionId: '', rpId } as const;
    const { content, challenge } = await this.challenges.use(response.response.clientDataJSON, binding);
    const verified = await verifyRegistration(response, {
      challenge,
      rpId,
      origins: this.rp.options.origins,
      requireUserVerification: true,
    });
    if (!verified) throw new MfaException('webauthn_failed');
    if (!this.floor.fitsKey({ backupEligible: verified.backupEligible, attested: true }))
      throw new MfaException('webauthn_failed', { reason: 'key_can_be_synced' });
    // Nobody is there yet of whom the application could be asked.
    const nobody: MfaUser = { id: content.userHandle, username: name, displayName };
    const attestation = await this.attestation.verify(nobody, verified);
    if (!attestation) throw new MfaException('webauthn_failed');
    // Before there is a user: what would be refused for this makes none.
    if (await this.credentials.findByCredentialId(verified.credentialId))
      throw new MfaException('credential_already_registered');
    return { content, verified, attestation, rpId, response };
  }

  /**
   * What the application calls a new user may be one that it has had all along: a passkey of a stranger would be a way into their
   * account.
   */
  private async assertNew(user: MfaUser): Promise<void> {
    const userId = userIdOf(user);
    const { state, authenticators } = await this.accounts.find(userId);
    const isKnown =
      state !== null || authenticators.length > 0 || (await this.sessions.list(user)).length > 0;
    if (!isKnown) return;
    this.logger.error(
      `createUser() answered a sign-up with user ${userId}, who was there before: nothing was changed. It has to make a new user, or answer null`,
    );
    throw new MfaException('webauthn_failed');
  }

  /** Adds the passkey and starts the session that it is proven in, all or nothing. The one that the client held before is over. */
  private async add(
    user: MfaUser,
    { content, verified, attestation, rpId, response }: Ceremony,
    { request }: MfaHttpExchange,
  ): Promise<MfaAddedFactor & { issued: MfaIssuedSession }> {
    const userId = userIdOf(user);
    const id = randomUUID();
    const { userHandle } = content;
    const credential = { authenticatorId: id, userId, userHandle, rpId, role: ROLE } as const;
    const record = credentialRecord({ ...credential, response, verified, attestation });
    const former = await this.transport.readToken(request);
    const ending = former === null ? [] : [this.sessions.planEndingToken(former)];
    try {
      const added = await this.flow.add(user, {
        authenticator: { id, userId, type: 'webauthn', role: null },
        facts: shownBy(verified, attestation),
        claims: [this.credentials.claimHandle(userId, userHandle)],
        along: [this.credentials.planInsertion(record), ...ending],
        // Another sign-up that was answered with the same user came first.
        check: ({ authenticators }) => {
          if (authenticators.length > 0) throw new MfaException('webauthn_failed');
        },
        onLost: {
          [NEW_CREDENTIAL_CLAIM]: 'credential_already_registered',
          [HANDLE_CLAIM]: 'webauthn_failed',
        },
        source: sourceOfRequest(request, userId),
      });
      return added as MfaAddedFactor & { issued: MfaIssuedSession };
    } catch (error) {
      // Not so where another sign-up was answered with the same user, or it is not known what became of it.
      const isFree = error instanceof MfaException && error.code === 'credential_already_registered';
      if (isFree) await this.discard(user);
      throw error;
    }
  }

  /** What the application does about a user that nobody can sign in as; its failure is not the answer. */
  private async discard(user: MfaUser): Promise<void> {
    try {
      await this.adapter.discardUser(user);
    } catch (error) {
      this.logger.error(
        `The sign-up of user ${userIdOf(user)} failed, and discardUser() did too: ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
}
