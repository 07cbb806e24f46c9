import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaType } from '../core/policy/methods.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { setMfaUser } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';

/** Whose second factor is proven: someone half signed in, or someone signed in who steps up. */
export interface ProofSubject {
  user: MfaUser;
  session: AuthenticationSession | null;
  authenticators: readonly Authenticator[];
}

/** Says whose second factor a request proves. */
@Injectable()
export class ProofSubjects {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Who it is.
   *
   * @throws {MfaException} `session_expired` when the user is gone, `mfa_enrollment_required` without any factor
   */
  async of(context: MfaRequest): Promise<ProofSubject> {
    const { session } = context;
    const user = session?.status === 'pending' ? await this.findAgain(session) : context.user;
    if (!user) throw new MfaException('session_expired');
    setMfaUser(context.request, user);
    const authenticators =
      context.account?.authenticators ?? (await this.authenticators.find(userIdOf(user)));
    if (!authenticators.some(isSecondFactorRow)) {
      throw new MfaException('mfa_enrollment_required', {
        methods: this.enrollment.supportedSecondFactors(session?.methods),
      });
    }
    return { user, session, authenticators };
  }

  /**
   * The same with the session as it is now, after the claim on it was lost.
   *
   * @throws {MfaException} `session_expired` when it is over
   */
  async renew(subject: ProofSubject): Promise<ProofSubject> {
    if (!subject.session) throw new MfaException('session_expired');
    return { ...subject, session: await this.sessions.renew(subject.session) };
  }

  /** The types that this one could prove now. */
  async usableTypes({ user, session, authenticators }: ProofSubject): Promise<MfaType[]> {
    return this.availability.usableTypes(user, authenticators, session?.methods);
  }

  /** Someone who was removed or disabled since the first factor is not signed in any more. */
  private async findAgain(session: AuthenticationSession): Promise<MfaUser | null> {
    const user = await this.adapter.findUser(session.userId);
    if (user && userIdOf(user) === session.userId) return user;
    await this.sessions.revoke(session);
    return null;
  }
}
