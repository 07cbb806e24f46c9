import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { CodeVerifier } from '../authenticators/code-verifier.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { MfaException } from '../errors/mfa-exception.js';
import { isSecondFactorType, methodOfType } from '../policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { EnrollmentPolicy } from '../users/enrollment-policy.js';
import type { AuthenticationSession } from './authentication-session.entity.js';
import { AuthenticationSessionService, SESSION_CLAIM } from './authentication-session.service.js';
import type { IssuedSession } from './issued-session.js';
import type { HttpExchange, LoginResult } from './login.flow.js';
import { LoginFlow } from './login.flow.js';
import type { MfaRequestContext } from './request-context.service.js';

/** Whose second factor is proven: someone half signed in, or someone signed in who steps up. */
export interface Subject {
  user: MfaUser;
  session: AuthenticationSession | null;
  authenticators: Authenticator[];
}

/** Proves a second factor, to finish a sign-in or to step up. */
@Injectable()
export class SecondFactorFlow {
  constructor(
    @Inject(CodeVerifier) private readonly verifier: CodeVerifier,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(LoginFlow) private readonly logins: LoginFlow,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Proves a TOTP or a recovery code.
   *
   * @throws {MfaException} `incorrect_code`, `too_many_attempts`, `authenticator_locked`, `session_expired`, or
   *   `mfa_enrollment_required` when there is nothing to prove
   */
  async authenticateByCode(
    context: MfaRequestContext,
    code: string,
    exchange: HttpExchange,
  ): Promise<LoginResult> {
    const subject = await this.subjectOf(context);
    let issued: IssuedSession | undefined;
    await this.verifier.verify(subject.user, code, subject.authenticators, {
      along: (authenticator) => {
        const planned = this.planProof(subject, authenticator);
        issued = planned.issued;
        return { writes: [planned.write], onLost: new MfaException('session_expired') };
      },
    });
    return this.logins.complete(subject.user, issued as IssuedSession, exchange);
  }

  /**
   * Records a proof that was verified elsewhere: its claims and the session's, all or nothing.
   *
   * @throws {MfaException} `onLost` when a claim of the proof is lost, `session_expired` when the session's is
   */
  async finish(
    subject: Subject,
    { authenticator, claims }: { authenticator: Authenticator; claims: Write[] },
    onLost: MfaException,
    exchange: HttpExchange,
  ): Promise<LoginResult> {
    const { issued, write } = this.planProof(subject, authenticator);
    const result = await this.storage.commit([...claims, write]);
    if (!result.committed) throw result.lost === SESSION_CLAIM ? new MfaException('session_expired') : onLost;
    return this.logins.complete(subject.user, issued, exchange);
  }

  /**
   * Whose second factor a request proves.
   *
   * @throws {MfaException} `session_expired` when the user is gone, `mfa_enrollment_required` without any factor
   */
  async subjectOf(context: MfaRequestContext): Promise<Subject> {
    const { session } = context;
    const user = session?.status === 'pending' ? await this.findAgain(session) : context.user;
    if (!user) throw new MfaException('session_expired');
    const authenticators = context.authenticators ?? (await this.authenticators.find(userIdOf(user)));
    if (!authenticators.some(({ type }) => isSecondFactorType(type))) {
      throw new MfaException('mfa_enrollment_required', {
        methods: this.enrollment.supportedSecondFactors(),
      });
    }
    return { user, session, authenticators };
  }

  /** Someone who was removed or disabled since the first factor is not signed in any more. */
  private async findAgain(session: AuthenticationSession): Promise<MfaUser | null> {
    const user = await this.adapter.findUser(session.userId);
    if (user && userIdOf(user) === session.userId) return user;
    await this.sessions.revoke(session);
    return null;
  }

  private planProof(
    { user, session }: Subject,
    { id, type }: Authenticator,
  ): { issued: IssuedSession; write: Write } {
    const record = { method: methodOfType(type), at: this.clock.now(), authenticatorId: id };
    return session
      ? this.sessions.planGain(session, record)
      : this.sessions.planCreation(userIdOf(user), { status: 'authenticated', methods: [record] });
  }
}
