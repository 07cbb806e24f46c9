import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../../engine/rows/account.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { proofEvents, MfaJournal } from '../../engine/journal/mfa-journal.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { Tampering } from '../../engine/authenticators/tampering.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import { AttemptLimiter } from '../../engine/users/attempt-limiter.js';
import type { MfaProofFacts } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { Write } from '../../storage/mfa-storage.js';
import { AttestationPolicy } from './attestation-policy.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import type { AuthenticationJson } from './credential-json.js';
import { CredentialStore } from './credential-store.js';
import { FailedCeremonies } from './failed-ceremonies.js';
import { KeySuspicions } from './key-suspicions.js';
import { RelyingParty } from './relying-party.js';
import { isBehind, verifyAssertion } from './verify-assertion.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** An assertion that holds, with the claims that record its use. */
export interface AssertionProof {
  authenticator: Authenticator;
  /** All of the user's. */
  authenticators: readonly Authenticator[];
  claims: Write[];
  /** What the ceremony has shown. */
  facts: MfaProofFacts;
  /** The credential, and what its counter says. */
  use: { credentialId: string; signCount: number };
  /** Whether it signs in by itself: then it is none of the user's attempts. */
  isPasskey: boolean;
}

/** What the caller knows of an assertion. */
export interface AssertionContext {
  /** What is kept of the user, when it was read already. */
  account?: Account | undefined;
  source?: MfaEventSource;
}

/** Verifies assertions against what is stored, in the order in which nothing is given away. */
@Injectable()
export class AssertionVerifier {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(FailedCeremonies) private readonly failures: FailedCeremonies,
    @Inject(KeySuspicions) private readonly suspicions: KeySuspicions,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(Tampering) private readonly tampering: Tampering,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * An assertion by one of this user's keys, verified while the user has attempts. Only a failure is one: signatures are not
   * guessed, so that none has to be taken beforehand.
   *
   * @throws {MfaException} `webauthn_failed`, whatever it was that failed; `too_many_attempts`, `authenticator_locked`
   */
  async verifyForUser(
    user: MfaUser,
    response: AuthenticationJson,
    session: AuthenticationSession | null,
    { account: known, source = APPLICATION_SOURCE }: AssertionContext = {},
  ): Promise<AssertionProof> {
    const userId = userIdOf(user);
    const { state, authenticators } = known ?? (await this.accounts.find(userId));
    this.limiter.assertRoom(state);
    const binding = { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' } as const;
    const credential = await this.credentials.findByCredentialId(response.id);
    const owned = credential?.userId === userId ? credential : null;
    try {
      return await this.verify(response, owned, binding, { user, authenticators, source });
    } catch (error) {
      if (isFailure(error)) {
        const isKept = state !== null;
        await this.countFailure(user, source, { afterFirstFactor: session?.status === 'pending', isKept });
      }
      throw error;
    }
  }

  /**
   * An assertion by a passkey that says itself whose it is.
   *
   * @param findUser the user of an id, or null
   * @param request where it comes from
   * @throws {MfaException} `webauthn_failed`, whatever it was that failed; `authenticator_locked`
   */
  async verifyPasskey(
    response: AuthenticationJson,
    findUser: (userId: string) => MfaUser | null | Promise<MfaUser | null>,
    request: object,
  ): Promise<AssertionProof & { user: MfaUser }> {
    const binding = { ceremony: 'passkey', userId: '', sessionId: '' } as const;
    const found = await this.credentials.findByCredentialId(response.id);
    const named = found && (await findUser(found.userId));
    const user = named && userIdOf(named) === found?.userId ? named : null;
    // Without a user handle nothing says that the key knows its user (section 7.2, step 6). One that nobody had made a passkey may
    // sign in once it has verified its user beside another factor: of a key without a PIN a thief could set one.
    const isPasskey = found?.passwordless === true || found?.uvInitialized === true;
    const isUsable = isPasskey && response.response.userHandle !== undefined;
    const source = sourceOfRequest(request, found?.userId ?? '');
    try {
      const proof = await this.verify(response, isUsable ? found : null, binding, { user, source });
      return { ...proof, user: user as MfaUser };
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (user) this.failures.tellOfStranger(user, source);
      if (found) throw error;
      // Lets the browser forget a passkey that was removed here (`signalUnknownCredential`).
      const unknownCredential = { rpId: (await this.rp.entity()).id, credentialId: response.id };
      throw new MfaException('webauthn_failed', { unknownCredential });
    }
  }

  /** Records the use, for callers that have nothing else to record with it. */
  async commit(user: MfaUser, proof: AssertionProof): Promise<Authenticator> {
    const result = await this.journal.commit(proof.claims, {
      user,
      source: APPLICATION_SOURCE,
      events: proofEvents(proof.authenticator),
    });
    return result.committed ? proof.authenticator : this.refuseLate(user, proof, APPLICATION_SOURCE, false);
  }

  /**
   * Answers a proof that held and could not be recorded: the key was locked or removed meanwhile, or another assertion with a
   * counter as high came first, and so there is a copy.
   *
   * @throws {MfaException} `too_many_attempts`, `authenticator_locked` or `webauthn_failed`
   */
  async refuseLate(
    user: MfaUser,
    { authenticator: { id }, use, isPasskey }: AssertionProof,
    source: MfaEventSource,
    afterFirstFactor: boolean,
  ): Promise<never> {
    const authenticators = await this.authenticators.find(userIdOf(user));
    const authenticator = authenticators.find((row) => row.id === id);
    const credential = await this.credentials.findByCredentialId(use.credentialId);
    if (authenticator && credential?.authenticatorId === id) {
      this.assertUnlocked(authenticator);
      if (this.suspicions.refusesClones && isBehind(use.signCount, credential))
        await this.suspicions.noteClone(user, authenticator, source);
    }
    if (!isPasskey) await this.countFailure(user, source, { afterFirstFactor, isKept: true });
    throw new MfaException('webauthn_failed');
  }

  private async verify(
    response: AuthenticationJson,
    credential: WebAuthnCredential | null,
    binding: Omit<ChallengeBinding, 'rpId'>,
    { user, authenticators: known, source }: Claimant,
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
    const assertion = await verifyAssertion(response, credential, {
      challenge,
      rpId,
      origins: this.rp.options.origins,
      requireUserVerification: content.requireUserVerification,
    });
    if (!assertion) throw new MfaException('webauthn_failed');
    const authenticators = known ?? (await this.authenticators.find(credential.userId));
    const authenticator = authenticators.find(({ id }) => id === credential.authenticatorId);
    if (!authenticator) throw new MfaException('webauthn_failed');
    this.assertUnlocked(authenticator);
    const { signCount, backupEligible, isCloned, userVerified, backedUp } = assertion;
    // A passkey that was added for convenience stands for what its user is or knows as well, and has to show it.
    if (authenticator.role === PASSWORDLESS && !userVerified) throw new MfaException('webauthn_failed');
    if (backupEligible !== credential.backupEligible) {
      this.suspicions.noteEligibility(user, authenticator, backupEligible, source);
    }
    if (isCloned) {
      await this.suspicions.noteClone(user, authenticator, source);
      if (this.suspicions.refusesClones) throw new MfaException('webauthn_failed');
    }
    const attested = this.attestation.isAttested(credential);
    const mustGoOn = this.suspicions.refusesClones && !backupEligible;
    return {
      authenticator,
      authenticators,
      claims: [
        this.credentials.claimUse(credential, assertion, mustGoOn),
        this.authenticators.claimUse(authenticator, new Date(this.clock.now())),
      ],
      facts: {
        userVerified,
        // Once synced, it may be anywhere, whatever it says later.
        backupEligible: backupEligible || credential.backupEligible,
        backedUp,
        ...(attested === null ? {} : { attested }),
      },
      use: { credentialId: credential.credentialId, signCount },
      isPasskey: binding.ceremony === 'passkey',
    };
  }

  private assertUnlocked(authenticator: Authenticator): void {
    if (!this.authenticators.isLocked(authenticator)) return;
    const reason = authenticator.suspendedAt === null ? 'key_cloned' : 'factor_suspended';
    throw new MfaException('authenticator_locked', { reason });
  }

  private async countFailure(
    user: MfaUser,
    source: MfaEventSource,
    { afterFirstFactor, isKept }: { afterFirstFactor: boolean; isKept: boolean },
  ): Promise<void> {
    const data = { types: ['webauthn' as const], afterFirstFactor };
    await this.failures.count(user, source, { type: 'mfa.authenticator.failed', data }, { isKept });
  }
}

/** Who says to have the key. */
interface Claimant {
  user: MfaUser | null;
  /** The user's authenticators, when they were read already. */
  authenticators?: readonly Authenticator[];
  source: MfaEventSource;
}

function isFailure(error: unknown): boolean {
  return error instanceof MfaException && error.code === 'webauthn_failed';
}
