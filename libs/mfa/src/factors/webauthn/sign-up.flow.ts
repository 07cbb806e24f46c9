import { randomBytes, randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import type { MfaSignUp, MfaSignUpName } from '../../adapter/sign-up.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../../engine/authenticators/authenticator-view.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import type { MfaIssuedSession } from '../../engine/rows/issued-session.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { FormerSessions } from '../../engine/sessions/former-sessions.js';
import { SessionLimit } from '../../engine/sessions/session-limit.js';
import type { CompletedSignIn, MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { RegistrationJson } from './credential-json.js';
import { parseRegistration } from './credential-json.js';
import { CredentialStore, HANDLE_CLAIM, NEW_CREDENTIAL_CLAIM } from './credential-store.js';
import { credentialRecord, shownBy } from './new-credential.js';
import type { HeldRegistration } from './registration-ceremony.js';
import { RegistrationCeremony } from './registration-ceremony.js';
import { SignUpUsers } from './sign-up-users.js';

export interface MfaSignUpRequest extends MfaSignUpName {
  fields?: Readonly<Record<string, unknown>> | undefined;
}

/** The response to a sign-up: the user is signed in. */
export type MfaSignUpResult = CompletedSignIn & {
  authenticator: AuthenticatorView;
  /** Shown only now; absent if recovery codes are off. */
  recoveryCodes?: string[];
};

const HANDLE_BYTES = 32;
/** It replaces both factors, so it has to be discoverable and verify its user. */
const ROLE = 'both';

/** Creates accounts that start with a passkey instead of a password. */
@Injectable()
export class SignUpFlow {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RegistrationCeremony) private readonly ceremony: RegistrationCeremony,
    @Inject(SignUpUsers) private readonly users: SignUpUsers,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(FormerSessions) private readonly former: FormerSessions,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Creates options for `navigator.credentials.create()`. Nothing is written or looked up; they are the same whether or not the name is
   * taken.
   *
   * @throws {MfaException} `not_found` without the option `passkeySignUp`
   */
  async begin({ name, displayName = name }: MfaSignUpName): Promise<PublicKeyCredentialCreationOptionsJSON> {
    this.assertOn();
    const userHandle = randomBytes(HANDLE_BYTES).toString('base64url');
    return this.ceremony.begin(
      ownerOf(name),
      { role: ROLE, automatic: false },
      {
        user: { id: userHandle, name, displayName },
        residentKey: 'required',
        userVerification: 'required',
      },
    );
  }

  /**
   * Completes a sign-up. Once the ceremony has succeeded, the application creates the user, who gets the passkey and recovery codes, and
   * is signed in. The error is the same whether the ceremony or the application refuses.
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
    const response = parseRegistration(credential);
    const held = await this.verify(response, signUp);
    const user = await this.users.create(signUp, exchange.request);
    const { authenticator, recoveryCodes, issued } = await this.add(user, held, response, exchange);
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

  private async verify(
    response: RegistrationJson,
    { name, displayName }: MfaSignUp,
  ): Promise<HeldRegistration> {
    // There is no user yet to pass to the adapter's checks.
    const held = await this.ceremony.verify(response, ownerOf(name), ({ userHandle }) => ({
      id: userHandle,
      username: name,
      displayName,
    }));
    // Check before creating a user that would be refused for this.
    if (await this.credentials.findByCredentialId(held.verified.credentialId))
      throw new MfaException('credential_already_registered');
    return held;
  }

  /** Adds the passkey, starts the session that it is proven in, and ends the client's previous one, in one transaction. */
  private async add(
    user: MfaUser,
    { content, verified, attestation, rpId }: HeldRegistration,
    response: RegistrationJson,
    { request }: MfaHttpExchange,
  ): Promise<MfaAddedFactor & { issued: MfaIssuedSession }> {
    const userId = userIdOf(user);
    const id = randomUUID();
    const { userHandle } = content;
    const credential = { authenticatorId: id, userId, userHandle, rpId, role: ROLE } as const;
    const record = credentialRecord({ ...credential, response, verified, attestation });
    const ending = await this.former.planEnding(request);
    try {
      const added = await this.flow.add(user, {
        authenticator: { id, userId, type: 'webauthn', role: null },
        facts: shownBy(verified, attestation),
        claims: [this.credentials.claimHandle(userId, userHandle)],
        along: [this.credentials.planInsertion(record), ...ending],
        // Another sign-up for which the application returned the same user came first.
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
      // Keep the user if another sign-up got the same one, or if the outcome isn't known.
      const isFree = error instanceof MfaException && error.code === 'credential_already_registered';
      if (isFree) await this.users.discard(user);
      throw error;
    }
  }
}

/** The ceremony's owner while there is no user. */
function ownerOf(name: string): { ceremony: 'sign_up'; userId: string; sessionId: string } {
  return { ceremony: 'sign_up', userId: name, sessionId: '' };
}
