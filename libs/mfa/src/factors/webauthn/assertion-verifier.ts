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

/** What the caller knows of an assertion. */
export interface AssertionContext {
  /** What is kept of the user, when it was read already. */
  account?: Account | undefined;
  source?: MfaEventSource;
}

/** Verifies the assertions of somebody: whose key it has to be, what a failure costs, and how a proof that comes too late is answered. */
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
      const proof = await this.ceremony.verify(response, isUsable ? found : null, binding, { user, source });
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
