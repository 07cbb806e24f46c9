import { Inject, Injectable } from '@nestjs/common';

import { isBackupType } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import { cleanName } from '../core/users/authenticator-name.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import { SuspendAuthenticatorFlow } from '../engine/changes/suspend-authenticator.flow.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { ProofSubjects } from '../sign-in/second-factor.flow.js';

/** An authenticator as shown to a user who may have proven only the first factor. */
export interface MfaReportedAuthenticator {
  id: string;
  type: MfaType;
  name: string;
  /** Whether it is suspended, for example because it was reported as lost. */
  suspended: boolean;
}

/** The authenticators that a user, signed in or with a pending sign-in, may report as lost. */
@Injectable()
export class ReportedAuthenticators {
  constructor(
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(SuspendAuthenticatorFlow) private readonly suspending: SuspendAuthenticatorFlow,
  ) {}

  /** Oldest first, without recovery codes, which can't be reported. */
  async list(context: MfaRequest): Promise<MfaReportedAuthenticator[]> {
    const user = await this.subjects.userOf(context);
    const rows = context.account?.authenticators ?? (await this.authenticators.find(userIdOf(user)));
    return rows.filter(({ type }) => !isBackupType(type)).map(viewReported);
  }

  /** @throws {MfaException} `not_found`, `cannot_suspend_authenticator`, `session_expired` */
  async report(context: MfaRequest, id: string): Promise<MfaReportedAuthenticator> {
    const user = await this.subjects.userOf(context);
    return viewReported(await this.suspending.suspend(user, id, { by: 'user', context }));
  }
}

function viewReported({ id, type, name, suspendedAt }: Authenticator): MfaReportedAuthenticator {
  return { id, type, name: cleanName(name), suspended: suspendedAt !== null };
}
