import { randomBytes, randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { generateAuthenticationOptions, generateRegistrationOptions } from '@simplewebauthn/server';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { AddedFactor } from '../enrolment/add-authenticator.flow.js';
import { AddAuthenticatorFlow } from '../enrolment/add-authenticator.flow.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { ALGORITHMS, CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import { parseAuthentication, parseRegistration } from './credential-json.js';
import { CredentialStore, HANDLE_CLAIM, NEW_CREDENTIAL_CLAIM } from './credential-store.js';
import { RelyingParty } from './relying-party.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';
import type { VerifiedRegistration } from './verify-registration.js';
import { verifyRegistration } from './verify-registration.js';

export interface CreationRequest {
  /** Whether the key is to sign in by itself: discoverable, and with user verification. */
  passwordless?: boolean;
  session?: AuthenticationSession | null;
}

export interface RegistrationRequest {
  name?: string;
  context?: MfaRequestContext;
}

/** Arguments of the signal methods of `PublicKeyCredential`. */
export interface WebAuthnSignals {
  allAcceptedCredentials: { rpId: string; userId: string; allAcceptedCredentialIds: string[] };
  currentUserDetails: { rpId: string; userId: string; name: string; displayName: string };
}

const HANDLE_BYTES = 32;
const MAX_KEYS = 50;

/** Registers and checks security keys and passkeys (WebAuthn Level 3). */
@Injectable()
export class WebAuthnService {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AddAuthenticatorFlow) private readonly flow: AddAuthenticatorFlow,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
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
   * Options for `navigator.credentials.create()`. Writes nothing.
   *
   * @throws {MfaException} `not_found` when WebAuthn is off, `unverified_email`
   */
  async getCredentialCreationOptions(
    user: MfaUser,
    { passwordless = false, session }: CreationRequest = {},
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    this.flow.assertMayEnrol(user, 'webauthn');
    const rp = await this.rp.entity();
    const userId = userIdOf(user);
    const { credentials, ...account } = await this.credentials.findAccount(userId);
    const userHandle = account.userHandle ?? randomBytes(HANDLE_BYTES).toString('base64url');
    const entity = await this.adapter.getPublicKeyCredentialUserEntity(user, userHandle);
    const userVerification = passwordless ? 'required' : this.rp.options.userVerification;
    const challenge = this.challenges.issue(
      { ceremony: 'register', userId, sessionId: session?.id ?? '', rpId: rp.id },
      { requireUserVerification: userVerification === 'required', passwordless, userHandle: entity.id },
    );
    const options = await generateRegistrationOptions({
      rpName: rp.name,
      rpID: rp.id,
      userName: entity.name,
      userDisplayName: entity.displayName,
      userID: toBytes(entity.id),
      challenge: toBytes(challenge),
      timeout: CEREMONY_TIMEOUT_MS,
      excludeCredentials: describe(credentials),
      authenticatorSelection: { residentKey: passwordless ? 'required' : 'discouraged', userVerification },
      supportedAlgorithmIDs: [...ALGORITHMS],
    });
    // The library does not know `indirect`.
    return { ...options, attestation: this.rp.options.attestation };
  }

  /**
   * Registers the key. Its challenge is used up, whatever the outcome.
   *
   * @throws {MfaException} `webauthn_failed`, `credential_already_registered`, `invalid_request`, `not_found`
   */
  async verifyRegistration(
    user: MfaUser,
    credential: unknown,
    { name, context }: RegistrationRequest = {},
  ): Promise<AddedFactor> {
    this.flow.assertMayEnrol(user, 'webauthn');
    const response = parseRegistration(credential);
    const userId = userIdOf(user);
    const rpId = await this.getRpId();
    const binding: ChallengeBinding = {
      ceremony: 'register',
      userId,
      sessionId: context?.session?.id ?? '',
      rpId,
    };
    const { content, challenge } = await this.challenges.use(response.response.clientDataJSON, binding);
    const verified = await verifyRegistration(response, {
      challenge,
      rpId,
      origins: this.rp.options.origins,
      requireUserVerification: content.requireUserVerification,
    });
    if (!verified || !(await this.isAcceptable(user, verified))) throw new MfaException('webauthn_failed');
    const id = randomUUID();
    const record = this.credentials.planInsertion({
      authenticatorId: id,
      userId,
      credentialId: verified.credentialId,
      publicKey: verified.publicKey,
      userHandle: content.userHandle,
      rpId,
      transports: response.response.transports,
      signCount: verified.signCount,
      aaguid: verified.aaguid,
      format: verified.format,
      backupEligible: verified.backupEligible,
      backedUp: verified.backedUp,
      discoverable: response.discoverable,
      uvInitialized: verified.userVerified,
      passwordless: content.passwordless,
    });
    return this.flow.add(
      user,
      {
        authenticator: this.newRow(id, userId, name),
        // Of two first registrations at once, each with a handle of its own, the second one starts anew.
        claims: [this.credentials.claimHandle(userId, content.userHandle)],
        along: [record],
        check: ({ authenticators }) => assertRoom(authenticators),
        onLost: {
          [NEW_CREDENTIAL_CLAIM]: 'credential_already_registered',
          [HANDLE_CLAIM]: 'webauthn_failed',
        },
      },
      context,
    );
  }

  /** Options for `navigator.credentials.get()` with one of the user's keys. Writes nothing. */
  async getCredentialRequestOptions(
    user: Pick<MfaUser, 'id'>,
    session: AuthenticationSession | null = null,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const userId = userIdOf(user);
    const { userVerification } = this.rp.options;
    const { credentials } = await this.credentials.findAccount(userId);
    return this.requestOptions(
      { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' },
      userVerification,
      describe(credentials),
    );
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
   * @throws {MfaException} `webauthn_failed` or `invalid_request`
   */
  async verifyAuthentication(
    user: MfaUser,
    credential: unknown,
    session: AuthenticationSession | null = null,
  ): Promise<Authenticator> {
    const response = parseAuthentication(credential);
    const proof = await this.assertions.verifyForUser(user, response, session);
    return this.assertions.commit(proof);
  }

  private async requestOptions(
    binding: Omit<ChallengeBinding, 'rpId'>,
    userVerification: 'required' | 'preferred' | 'discouraged',
    allowCredentials?: { id: string; transports: string[] }[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const rpId = await this.getRpId();
    const challenge = this.challenges.issue(
      { ...binding, rpId },
      { requireUserVerification: userVerification === 'required', passwordless: false, userHandle: '' },
    );
    return generateAuthenticationOptions({
      rpID: rpId,
      challenge: toBytes(challenge),
      timeout: CEREMONY_TIMEOUT_MS,
      userVerification,
      ...(allowCredentials ? { allowCredentials } : {}),
    });
  }

  /** What the application wants of authenticators, beyond what WebAuthn does. */
  private async isAcceptable(user: MfaUser, registration: VerifiedRegistration): Promise<boolean> {
    const { attestation, allowedAaguids } = this.rp.options;
    const demandsAttestation = attestation === 'direct' || attestation === 'enterprise';
    if (demandsAttestation && registration.format === 'none') return false;
    if (allowedAaguids && !allowedAaguids.includes(registration.aaguid)) return false;
    return this.adapter.verifyAttestation(registration, user);
  }

  private newRow(id: string, userId: string, name: string | undefined) {
    const now = new Date(this.clock.now());
    return {
      id,
      userId,
      type: 'webauthn' as const,
      ...(name === undefined ? {} : { name }),
      data: '',
      createdAt: now,
      lastUsedAt: now,
      failures: 0,
      lockedAt: null,
      lastStep: null,
      remaining: null,
    };
  }
}

/** More keys than anybody has, so that lists and options stay small. */
function assertRoom(authenticators: readonly Authenticator[]): void {
  if (authenticators.filter(({ type }) => type === 'webauthn').length >= MAX_KEYS) {
    throw new MfaException('already_enabled');
  }
}

function describe(credentials: readonly WebAuthnCredential[]): { id: string; transports: string[] }[] {
  return credentials.map(({ credentialId, transports }) => ({ id: credentialId, transports }));
}

function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}
