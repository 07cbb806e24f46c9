import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../core/users/mfa-user.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorLock, AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { AlongProof } from '../engine/verification/code-verifier.js';
import { CodeVerifier } from '../engine/verification/code-verifier.js';
import { FactorRegistry } from '../engine/factors/factor-registry.js';
import { ProfileFloor } from '../engine/factors/profile-floor.js';
import { proofEvents, nameAuthenticator, MfaJournal } from '../engine/journal/mfa-journal.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import type { MfaEventSource, MfaRequest } from '../engine/rows/mfa-request.js';
import { setMfaUser, sourceOfRequest } from '../engine/rows/mfa-request.js';
import { isOverSameChannel, MFA_TYPES, isRecoveryCodes, methodOfType } from '../core/policy/methods.js';
import type { MfaProofFacts, MfaType } from '../core/policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import { OwedFactors } from './owed-factors.js';
import type { PlannedTrust } from './trust.flow.js';
import { TrustFlow } from './trust.flow.js';
import {
  AuthenticationSessionService,
  SESSION_CLAIM,
} from '../engine/sessions/authentication-session.service.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import type { MfaLoginResult } from './login.flow.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import { SessionAnswers } from '../engine/sessions/session-transport.js';
import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import { SessionLimit } from '../engine/sessions/session-limit.js';

/** Whose second factor is proven: a user with a pending sign-in, or a signed-in user who steps up. */
export interface ProofSubject {
  user: MfaUser;
  session: AuthenticationSession | null;
  /**
   * Whether the proof completes a sign-in. False for a step-up, including that of a user without a session whom the application
   * has signed in.
   */
  isSignIn: boolean;
  authenticators: readonly Authenticator[];
}

/** Determines whose second factor a request proves. */
@Injectable()
export class ProofSubjects {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(FactorRegistry) private readonly factors: FactorRegistry,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Returns the subject of a request's proof.
   *
   * @throws {MfaException} `session_expired` when the user no longer exists, `mfa_enrollment_required` when they have no second
   *   factor
   */
  async of(context: MfaRequest): Promise<ProofSubject> {
    const { session } = context;
    const isSignIn = session?.status === 'pending';
    const presented = await this.userOf(context);
    const authenticators =
      context.account?.authenticators ?? (await this.authenticators.find(userIdOf(presented)));
    if (!authenticators.some(isSecondFactorRow)) {
      throw new MfaException('mfa_enrollment_required', {
        methods: this.enrollment.supportedSecondFactors(session?.methods),
      });
    }
    // The user of a pending sign-in was looked up already.
    const types = isSignIn ? [] : authenticators.map(({ type }) => type);
    const user = await this.factors.onRecord(presented, types);
    return { user, session, isSignIn, authenticators };
  }

  /**
   * Returns the user, whether signed in or with a pending sign-in, whatever factors they have.
   *
   * @throws {MfaException} `session_expired` when the user no longer exists
   */
  async userOf({ request, session, user: known }: MfaRequest): Promise<MfaUser> {
    const user = session?.status === 'pending' ? await this.findAgain(session) : known;
    if (!user) throw new MfaException('session_expired');
    setMfaUser(request, user);
    return user;
  }

  /**
   * Returns the subject with the current session, after the claim on it was lost.
   *
   * @throws {MfaException} `session_expired` when the session has ended
   */
  async renew(subject: ProofSubject): Promise<ProofSubject> {
    if (!subject.session) throw new MfaException('session_expired');
    return { ...subject, session: await this.sessions.renew(subject.session) };
  }

  /** The types that this user could prove now. */
  async usableTypes({ user, session, authenticators }: ProofSubject): Promise<MfaType[]> {
    return this.availability.usableTypes(user, authenticators, session?.methods);
  }

  /**
   * Checks the user again after a commit that started a session. There was no pending session before it that would have ended
   * if the user was removed or disabled while signing in.
   *
   * @throws {MfaException} `session_expired` when the user no longer exists; the session is then ended
   */
  async assertStillThere(session: AuthenticationSession): Promise<void> {
    let user: MfaUser | null = null;
    try {
      user = await this.findAgain(session);
    } catch (error) {
      // The client gets no token for it.
      await this.sessions.revoke(session);
      throw error;
    }
    if (!user) throw new MfaException('session_expired');
  }

  /** Ends the session of a user who was removed or disabled since the first factor. */
  private async findAgain(session: AuthenticationSession): Promise<MfaUser | null> {
    const user = await findExactUser(this.adapter, session.userId);
    if (!user) await this.sessions.revoke(session);
    return user;
  }
}

/** What a user requests along with a proof. */
export interface ProofWishes {
  /** Whether to trust this browser from now on. */
  trustDevice?: boolean;
}

/** A proof that is about to be recorded. */
interface PlannedProof {
  issued: MfaIssuedSession;
  writes: Write[];
  events: NewMfaEvent[];
  trust: PlannedTrust | null;
  /** Locked authenticators that this proof unlocks. */
  opens: readonly Authenticator[];
  /** How many recovery codes are left, if the proof was one of them; otherwise null. */
  codesLeft: number | null;
}

/** Plans the effects of a proof for the commit that records it, and those that follow it. */
@Injectable()
export class ProofPlans {
  constructor(
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(TrustFlow) private readonly trust: TrustFlow,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  of(
    { user, session, authenticators }: ProofSubject,
    authenticator: Authenticator,
    request: object,
    { trustDevice = false, facts = {}, weak }: ProofWishes & { facts?: MfaProofFacts; weak?: true },
  ): PlannedProof {
    const method = methodOfType(authenticator.type);
    const userId = userIdOf(user);
    const from = sourceOfRequest(request, userId);
    const shown = { ...facts, ...(weak ? { weak } : {}) };
    const proof = this.sessions.planProof({ userId, session }, authenticator, shown, from);
    const trust = trustDevice ? this.trust.plan(user, method, request) : null;
    return {
      issued: proof.issued,
      trust,
      opens: this.lock.openedByProofOf(authenticator, authenticators),
      // As it was when the use was claimed.
      codesLeft:
        authenticator.remaining !== null && isRecoveryCodes(authenticator.type)
          ? authenticator.remaining - 1
          : null,
      writes: [proof.write, ...(trust?.writes ?? [])],
      events: [...proof.events, ...(trust?.events ?? [])],
    };
  }

  /**
   * Unlocks another factor after the proof, not along with it: if another request unlocks it first, that must not undo the
   * proof. If the server dies in between, or the database refuses, it stays locked until the next proof.
   */
  async open(row: Authenticator, user: MfaUser, source: MfaEventSource): Promise<void> {
    const data = { authenticator: nameAuthenticator(row), by: 'other_factor' as const };
    try {
      await this.journal.commit([this.lock.claimOpening(row)], {
        user,
        source,
        events: [{ type: 'mfa.authenticator.unlocked', data }],
      });
    } catch {
      // The proof is used up and the session's token has changed, so the client must get it. The storage has logged why.
    }
  }
}

/** Proves a second factor, to complete a sign-in or to step up. */
@Injectable()
export class SecondFactorFlow {
  constructor(
    @Inject(CodeVerifier) private readonly verifier: CodeVerifier,
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(ProofPlans) private readonly plans: ProofPlans,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
    @Inject(OwedFactors) private readonly owed: OwedFactors,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * Proves a TOTP or a recovery code.
   *
   * @throws {MfaException} `incorrect_code`, `too_many_attempts`, `authenticator_locked`, `session_expired`, or
   *   `mfa_enrollment_required` when there is nothing to prove
   */
  async authenticateByCode(
    context: MfaRequest,
    code: string,
    wishes: ProofWishes = {},
  ): Promise<MfaLoginResult> {
    const subject = await this.subjects.of(context);
    let planned: PlannedProof | undefined;
    const plan = (authenticator: Authenticator, isWeak: boolean, current: ProofSubject): AlongProof => {
      // Without a profile nothing is too weak, so it isn't recorded.
      const weak = isWeak && !this.floor.isOpen ? { weak: true as const } : {};
      planned = this.plans.of(current, authenticator, context.request, { ...wishes, ...weak });
      const again = async () => plan(authenticator, isWeak, await this.subjects.renew(current));
      return { ...planned, sessionId: planned.issued.session.id, again };
    };
    const admitted = await this.floor.admitted(subject.authenticators);
    await this.verifier.verify(subject.user, code, admitted, {
      source: sourceOfRequest(context.request, userIdOf(subject.user), subject.session?.id),
      types: MFA_TYPES.filter((type) => !isOverSameChannel(type, subject.session?.methods ?? [])),
      afterFirstFactor: subject.session?.status === 'pending',
      along: (authenticator, isWeak) => plan(authenticator, isWeak, subject),
    });
    return this.complete(subject, planned as PlannedProof, context);
  }

  /**
   * Records a proof that was verified elsewhere: its claims and those of the session, all or nothing.
   *
   * @param exchange the request that carried the proof, and its response
   * @throws {MfaException} `onLost` when a claim of the proof is lost, `session_expired` when the session has ended
   */
  async finish(
    subject: ProofSubject,
    {
      authenticator,
      claims,
      facts = {},
    }: { authenticator: Authenticator; claims: Write[]; facts?: MfaProofFacts },
    onLost: MfaException,
    exchange: MfaHttpExchange,
    wishes: ProofWishes = {},
  ): Promise<MfaLoginResult> {
    const method = methodOfType(authenticator.type);
    // If the user has a key that meets the profile, no other key signs in, even if it is theirs.
    const isBelow = !this.floor.meets({ method, at: 0, ...facts });
    if (isBelow && (await this.floor.hasFitting(subject.authenticators))) throw onLost;
    for (let current = subject; ; current = await this.subjects.renew(current)) {
      const planned = this.plans.of(current, authenticator, exchange.request, { ...wishes, facts });
      const result = await this.journal.commit([...claims, ...planned.writes], {
        user: subject.user,
        source: sourceOfRequest(exchange.request, userIdOf(subject.user), planned.issued.session.id),
        events: [...proofEvents(authenticator), ...planned.events],
      });
      if (result.committed) return this.complete(subject, planned, exchange);
      if (result.lost !== SESSION_CLAIM) throw onLost;
    }
  }

  private async complete(
    { user, session, isSignIn, authenticators }: ProofSubject,
    { issued, trust, opens, codesLeft }: PlannedProof,
    exchange: MfaHttpExchange,
  ): Promise<MfaLoginResult> {
    if (!session && isSignIn) await this.subjects.assertStillThere(issued.session);
    if (!session || isSignIn) await this.limit.started(issued);
    const source = sourceOfRequest(exchange.request, userIdOf(user), issued.session.id);
    for (const row of opens) await this.plans.open(row, user, source);
    const { request } = exchange;
    const scope = { request, session: issued.session };
    const occasion = isSignIn ? 'sign_in' : 'proof';
    const methods = this.floor.isOpen ? null : await this.owed.underProfile(user, authenticators, scope);
    const result: MfaLoginResult = methods
      ? {
          status: 'enrollment_required',
          methods,
          ...(await this.answers.handOver(user, issued, exchange, occasion)),
        }
      : await this.answers.complete(user, issued, exchange, occasion);
    trust?.giveCookie(exchange.response);
    return codesLeft === null ? result : { ...result, remainingRecoveryCodes: codesLeft };
  }
}
