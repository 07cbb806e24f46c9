import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../../engine/rows/account.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { proofEvents, MfaJournal } from '../../engine/journal/mfa-journal.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { AssertionProof } from './assertion-ceremony.js';
import { AssertionCeremony } from './assertion-ceremony.js';
import type { AuthenticationJson } from './credential-json.js';
import { CredentialStore } from './credential-store.js';
import { FailedCeremonies } from './failed-ceremonies.js';
import { KeySuspicions } from './key-suspicions.js';
import { RelyingParty } from './relying-party.js';
import { isBehind } from './verify-assertion.js';

/** What the caller knows about an assertion. */
export interface AssertionContext {
  /** The user's stored data, if it was already read. */
  account?: Account | undefined;
  source?: MfaEventSource;
}

/** Verifies a user's assertions: checks whose key it is, counts failures, and answers proofs that come too late. */
@Injectable()
export class AssertionVerifier {
  constructor(
    @Inject(AssertionCeremony) private readonly ceremony: AssertionCeremony,
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FailedCeremonies) private readonly failures: FailedCeremonies,
    @Inject(KeySuspicions) private readonly suspicions: KeySuspicions,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * Verifies an assertion by one of this user's keys, as long as the user has attempts left. Only failures count as attempts: signatures
   * can't be guessed, so none is taken in advance.
   *
   * @throws {MfaException} `webauthn_failed`, whatever failed; `too_many_attempts`, `authenticator_locked`
   */
  async verifyForUser(
    user: MfaUser,
    response: AuthenticationJson,
    session: AuthenticationSession | null,
    { account: known, source = APPLICATION_SOURCE }: AssertionContext = {},
  ): Promise<AssertionProof> {
    const userId = userIdOf(user);
    const { state, authenticators } = known ?? (await this.accounts.find(userId));
    this.failures.assertRoom(state);
    const binding = { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' } as const;
    const credential = await this.credentials.findByCredentialId(response.id);
    const owned = credential?.userId === userId ? credential : null;
    try {
      return await this.ceremony.verify(response, owned, binding, { user, authenticators, source });
    } catch (error) {
      if (isFailure(error)) {
        const isKept = state !== null;
        await this.countFailure(user, source, { afterFirstFactor: session?.status === 'pending', isKept });
      }
      throw error;
    }
  }

  /**
   * Verifies an assertion by a passkey, which itself identifies the user.
   *
   * @param findUser finds a user by ID, or returns null
   * @param request the request that sent it
   * @throws {MfaException} `webauthn_failed`, whatever failed; `authenticator_locked`
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
    // Without a user handle, nothing shows that the key knows its user (section 7.2, step 6). A key that wasn't registered as a passkey
    // may sign in only if it once verified its user along with another factor: a thief could set a PIN on a key without one.
    const isPasskey = found?.passwordless === true || found?.uvInitialized === true;
    const isUsable = isPasskey && response.response.userHandle !== undefined;
    const source = sourceOfRequest(request, found?.userId ?? '');
    try {
      const proof = await this.ceremony.verify(response, isUsable ? found : null, binding, { user, source });
      return { ...proof, user: user as MfaUser };
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (user) this.failures.tellOfStranger(user, source);
      if (found) throw error;
      // Lets the browser forget a passkey that was deleted here (`signalUnknownCredential`).
      const unknownCredential = { rpId: (await this.rp.entity()).id, credentialId: response.id };
      throw new MfaException('webauthn_failed', { unknownCredential });
    }
  }

  /** Records the use, for callers that have nothing else to commit with it. */
  async commit(user: MfaUser, proof: AssertionProof): Promise<Authenticator> {
    const result = await this.journal.commit(proof.claims, {
      user,
      source: APPLICATION_SOURCE,
      events: proofEvents(proof.authenticator),
    });
    return result.committed ? proof.authenticator : this.refuseLate(user, proof, APPLICATION_SOURCE, false);
  }

  /**
   * Answers a valid proof that couldn't be recorded: the key was locked or deleted in the meantime, or another assertion with an equal or
   * higher counter came first, which means that there is a copy of the key.
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
      this.ceremony.assertUnlocked(authenticator);
      if (this.suspicions.refusesClones && isBehind(use.signCount, credential))
        await this.suspicions.noteClone(user, authenticator, source);
    }
    if (!isPasskey) await this.countFailure(user, source, { afterFirstFactor, isKept: true });
    throw new MfaException('webauthn_failed');
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

function isFailure(error: unknown): boolean {
  return error instanceof MfaException && error.code === 'webauthn_failed';
}
