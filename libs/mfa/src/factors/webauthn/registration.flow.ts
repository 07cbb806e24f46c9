import { randomBytes, randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { AutomaticUpgrade } from './automatic-upgrade.js';
import type { RegistrationJson } from './credential-json.js';
import { parseRegistration } from './credential-json.js';
import type { WebAuthnRoleRequest } from './credential-role.js';
import { roleFor } from './credential-role.js';
import { CredentialStore, HANDLE_CLAIM, NEW_CREDENTIAL_CLAIM } from './credential-store.js';
import { FailedCeremonies } from './failed-ceremonies.js';
import { credentialRecord, shownBy } from './new-credential.js';
import type { HeldRegistration } from './registration-ceremony.js';
import { RegistrationCeremony } from './registration-ceremony.js';
import { RelyingParty } from './relying-party.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';

export interface WebAuthnCreationRequest extends WebAuthnRoleRequest {
  session?: AuthenticationSession | null;
}

export interface WebAuthnRegistrationRequest {
  name?: string;
  /** Whether to end the user's other sessions. Default: false; with the first second factor they always end. */
  endOtherSessions?: boolean;
  context?: MfaRequest;
}

const HANDLE_BYTES = 32;
/** How many keys a user may have: more than anybody needs, and few enough for lists and options. */
export const MAX_KEYS = 50;

/** Registers security keys and passkeys (WebAuthn Level 3, section 7.1). */
@Injectable()
export class RegistrationFlow {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RegistrationCeremony) private readonly ceremony: RegistrationCeremony,
    @Inject(AutomaticUpgrade) private readonly upgrade: AutomaticUpgrade,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(FailedCeremonies) private readonly failures: FailedCeremonies,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Creates options for `navigator.credentials.create()`. Writes nothing.
   *
   * @throws {MfaException} `not_found` if WebAuthn is off, `unverified_email`, `already_enabled` with {@link MAX_KEYS} keys
   */
  async options(
    user: MfaUser,
    { session, ...request }: WebAuthnCreationRequest = {},
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    this.flow.assertMayEnroll(user, 'webauthn');
    const role = roleFor(request);
    const { automatic = false } = request;
    if (automatic) this.upgrade.assertAllowed(session);
    const userId = userIdOf(user);
    const { credentials, ...account } = await this.credentials.findAccount(userId);
    // Check first, before an authenticator creates a key that is refused but listed on it from then on.
    assertRoom(credentials.length);
    const userHandle = account.userHandle ?? randomBytes(HANDLE_BYTES).toString('base64url');
    const entity = await this.adapter.getPublicKeyCredentialUserEntity(user, userHandle);
    // An automatic registration can't ask users, and so can't verify them; each use does this instead.
    const isPasskey = role !== 'second_factor';
    const userVerification = automatic
      ? 'preferred'
      : isPasskey
        ? 'required'
        : this.rp.options.userVerification;
    return this.ceremony.begin(
      { ceremony: 'register', userId, sessionId: session?.id ?? '' },
      { role, automatic },
      {
        user: entity,
        credentials,
        residentKey: isPasskey ? 'required' : 'preferred',
        userVerification,
      },
    );
  }

  /**
   * Registers the key. Its challenge is used up whatever the outcome.
   *
   * @throws {MfaException} `webauthn_failed`, `too_many_attempts`, `credential_already_registered`, `invalid_request`, `not_found`
   */
  async register(
    user: MfaUser,
    credential: unknown,
    { name, endOtherSessions = false, context }: WebAuthnRegistrationRequest = {},
  ): Promise<MfaAddedFactor> {
    this.flow.assertMayEnroll(user, 'webauthn');
    const response = parseRegistration(credential);
    const userId = userIdOf(user);
    const { state } = context?.account ?? (await this.accounts.find(userId));
    this.failures.assertRoom(state);
    const { content, verified, attestation, rpId } = await this.verify(user, response, context);
    const { role, automatic } = content;
    const id = randomUUID();
    const { userHandle } = content;
    const record = this.credentials.planInsertion(
      credentialRecord({
        authenticatorId: id,
        userId,
        userHandle,
        rpId,
        role,
        response,
        verified,
        attestation,
      }),
    );
    return this.flow.add(
      user,
      {
        authenticator: {
          id,
          userId,
          type: 'webauthn',
          role: role === 'passwordless' ? PASSWORDLESS : null,
          ...(name === undefined ? {} : { name }),
        },
        facts: shownBy(verified, attestation),
        isUnproven: automatic,
        // If two first registrations race, each with its own handle, the second has to start over.
        claims: [this.credentials.claimHandle(userId, content.userHandle)],
        along: [record],
        endOtherSessions,
        check: ({ authenticators, session }) => {
          if (automatic) this.upgrade.assertAllowed(session);
          assertRoom(authenticators.filter(({ type }) => type === 'webauthn').length);
        },
        onLost: {
          [NEW_CREDENTIAL_CLAIM]: 'credential_already_registered',
          [HANDLE_CLAIM]: 'webauthn_failed',
        },
      },
      context,
    );
  }

  /**
   * Verifies the ceremony. A failure counts as one of the user's attempts.
   *
   * @throws {MfaException} `webauthn_failed`, `too_many_attempts`
   */
  private async verify(
    user: MfaUser,
    response: RegistrationJson,
    context: MfaRequest | undefined,
  ): Promise<HeldRegistration> {
    const sessionId = context?.session?.id ?? '';
    const owner = { ceremony: 'register', userId: userIdOf(user), sessionId } as const;
    try {
      return await this.ceremony.verify(response, owner, () => user);
    } catch (error) {
      if (error instanceof MfaException && error.code === 'webauthn_failed') {
        const failed = { type: 'mfa.enrollment.failed', data: { type: 'webauthn' } } as const;
        const session = context?.authenticatedSession ?? null;
        await this.failures.count(user, context?.source ?? APPLICATION_SOURCE, failed, { session });
      }
      throw error;
    }
  }
}

/** @throws {MfaException} `already_enabled` */
function assertRoom(keys: number): void {
  if (keys >= MAX_KEYS) throw new MfaException('already_enabled');
}
