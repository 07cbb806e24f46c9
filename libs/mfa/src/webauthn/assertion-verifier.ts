import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { proofEvents } from '../authenticators/proof-events.js';
import { Tampering } from '../authenticators/tampering.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { EventSource } from '../events/event-source.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../events/event-source.js';
import { nameAuthenticator } from '../events/mfa-event.js';
import { MfaJournal } from '../events/mfa-journal.js';
import type { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import type { Write } from '../storage/mfa-storage.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import type { AuthenticationJson } from './credential-json.js';
import { CredentialStore } from './credential-store.js';
import { RelyingParty } from './relying-party.js';
import { verifyAssertion } from './verify-assertion.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** An assertion that holds, with the claims that record its use. */
export interface AssertionProof {
  authenticator: Authenticator;
  /** All of the user's. */
  authenticators: readonly Authenticator[];
  claims: Write[];
}

/** What the caller knows of an assertion. */
export interface AssertionContext {
  /** The user's authenticators, when they were read already. */
  rows?: readonly Authenticator[] | undefined;
  source?: EventSource;
}

/** Verifies assertions against what is stored, in the order in which nothing is given away. */
@Injectable()
export class AssertionVerifier {
  private readonly logger = new Logger(AssertionVerifier.name);

  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(Tampering) private readonly tampering: Tampering,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * An assertion by one of this user's keys.
   *
   * @throws {MfaException} `webauthn_failed`, whatever it was that failed
   */
  async verifyForUser(
    user: MfaUser,
    response: AuthenticationJson,
    session: AuthenticationSession | null,
    { rows, source = APPLICATION_SOURCE }: AssertionContext = {},
  ): Promise<AssertionProof> {
    const userId = userIdOf(user);
    const binding = { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' } as const;
    const credential = await this.credentials.findByCredentialId(response.id);
    const owned = credential?.userId === userId ? credential : null;
    try {
      return await this.verify(response, owned, binding, user, { source, rows });
    } catch (error) {
      if (isFailure(error)) await this.recordFailure(user, source, session?.status === 'pending');
      throw error;
    }
  }

  /**
   * An assertion by a passkey that says itself whose it is.
   *
   * @param findUser the user of an id, or null
   * @param request where it comes from
   * @throws {MfaException} `webauthn_failed`, whatever it was that failed
   */
  async verifyPasskey(
    response: AuthenticationJson,
    findUser: (userId: string) => MfaUser | null | Promise<MfaUser | null>,
    request: object,
  ): Promise<AssertionProof & { user: MfaUser }> {
    const binding = { ceremony: 'passkey', userId: '', sessionId: '' } as const;
    const found = await this.credentials.findByCredentialId(response.id);
    // Without a user handle nothing says that the key knows its user (section 7.2, step 6).
    const isUsable = found?.passwordless === true && response.response.userHandle !== undefined;
    const user = found && isUsable ? await findUser(found.userId) : null;
    const credential = user && userIdOf(user) === found?.userId ? found : null;
    try {
      const source = sourceOfRequest(request, found?.userId ?? '');
      const proof = await this.verify(response, credential, binding, user, { source });
      return { ...proof, user: user as MfaUser };
    } catch (error) {
      if (found || !isFailure(error)) throw error;
      // Lets the browser forget a passkey that was removed here (`signalUnknownCredential`).
      const unknownCredential = { rpId: (await this.rp.entity()).id, credentialId: response.id };
      throw new MfaException('webauthn_failed', { unknownCredential });
    }
  }

  /** Records the use, for callers that have nothing else to record with it. */
  async commit(user: MfaUser, { authenticator, claims }: AssertionProof): Promise<Authenticator> {
    const result = await this.journal.commit(claims, {
      user,
      source: APPLICATION_SOURCE,
      events: proofEvents(authenticator),
    });
    if (!result.committed) throw new MfaException('webauthn_failed');
    return authenticator;
  }

  private async verify(
    response: AuthenticationJson,
    credential: WebAuthnCredential | null,
    binding: Omit<ChallengeBinding, 'rpId'>,
    user: MfaUser | null,
    { rows, source }: AssertionContext & { source: EventSource },
  ): Promise<AssertionProof> {
    const { id: rpId } = await this.rp.entity();
    // Used up first: whatever fails after this, the challenge is dead.
    const { challenge, content } = await this.challenges.use(response.response.clientDataJSON, {
      ...binding,
      rpId,
    });
    if (!credential || !user) throw new MfaException('webauthn_failed');
    if (!this.credentials.isGenuine(credential)) {
      this.tampering.note(user, credential.authenticatorId, source);
      throw new MfaException('webauthn_failed');
    }
    const { origins, signCount: policy } = this.rp.options;
    const assertion = await verifyAssertion(response, credential, {
      challenge,
      rpId,
      origins,
      requireUserVerification: content.requireUserVerification,
    });
    if (!assertion) throw new MfaException('webauthn_failed');
    const authenticators = rows ?? (await this.authenticators.find(credential.userId));
    const authenticator = authenticators.find(({ id }) => id === credential.authenticatorId);
    if (!authenticator) throw new MfaException('webauthn_failed');
    if (assertion.isCloned) {
      this.logger.warn(
        `A signature counter went back: authenticator ${authenticator.id} may have been cloned`,
      );
      const data = { authenticator: nameAuthenticator(authenticator) };
      await this.journal.record({ user, source, events: [{ type: 'mfa.authenticator.cloned', data }] });
      if (policy === 'reject') throw new MfaException('webauthn_failed');
    }
    const { signCount, backedUp, userVerified } = assertion;
    const uvInitialized = credential.uvInitialized || userVerified;
    return {
      authenticator,
      authenticators,
      claims: [
        this.credentials.claimUse(credential, { signCount, backedUp, uvInitialized }, policy === 'reject'),
        this.authenticators.claimUse(authenticator, new Date(this.clock.now())),
      ],
    };
  }

  private async recordFailure(user: MfaUser, source: EventSource, afterFirstFactor: boolean): Promise<void> {
    const data = { types: ['webauthn' as const], afterFirstFactor };
    await this.journal.record({ user, source, events: [{ type: 'mfa.authenticator.failed', data }] });
  }
}

function isFailure(error: unknown): boolean {
  return error instanceof MfaException && error.code === 'webauthn_failed';
}
