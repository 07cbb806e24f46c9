import { Inject, Injectable } from '@nestjs/common';

import { isBackupType } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { needsOf } from '../../refusals/page-needs.js';
import { ProofSubjects } from '../../sign-in/second-factor.flow.js';
import { TrustFlow } from '../../sign-in/trust.flow.js';
import { CodeFactors } from './code-factors.js';
import type { PageAnswer } from './page-answer.js';
import { show } from './page-answer.js';
import type { Refusal } from './page-form.js';
import { PageLocale } from './page-locale.js';
import { noticeText } from './page-notices.js';

const DAY_SECONDS = 86_400;

/** The proof that a page is to ask for, as its address says. */
export interface AskedProof {
  next: string | null;
  /** The types that the route demands, or that the user wants to use a recovery code. */
  method: string | null;
  /** The types that the route demands, while a recovery code is asked for. */
  only: string | null;
  /** What the route demands of the proof besides its type. */
  needs: string | null;
  /** What was just done. */
  notice?: string | null;
}

/** The page that asks for a proof: with which factors, of those that the user has and the route takes. */
@Injectable()
export class AskedProofs {
  constructor(
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(TrustFlow) private readonly trust: TrustFlow,
    @Inject(CodeFactors) private readonly codes: CodeFactors,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * The page as it is asked for, or with what was wrong with its form.
   *
   * @param byBackup whether it asks for a recovery code
   */
  async show(
    context: MfaRequest,
    { next, method, only, needs, notice = null }: AskedProof,
    byBackup: boolean,
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const subject = await this.subjects.of(context);
    const usable = await this.subjects.usableTypes(subject);
    const wanted = byBackup ? only : method;
    const methods = restrict(usable, wanted);
    const asksBackup = (byBackup || methods.length === 1) && methods.some(isBackupType);
    const { trustedDevices, totp } = this.options;
    return show(
      'authenticate',
      {
        next,
        methods,
        ...(await this.codes.show(context, methods)),
        only: wanted,
        needs: needsOf(needs),
        byBackup,
        isPending: context.session?.status === 'pending',
        trustDays: (await this.offersTrust(subject.user, context.request, asksBackup))
          ? Math.max(1, Math.floor(trustedDevices.ttlSeconds / DAY_SECONDS))
          : null,
        backupTrusts: trustedDevices.afterRecoveryCode,
        digits: totp.digits,
        notice: noticeText(notice, await this.locale.textsFor(context)),
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }

  /** Whether the proof can make this browser a trusted one: not what is one already, and no recovery code unless the option says so. */
  private async offersTrust(user: MfaUser, request: object, asksBackup: boolean): Promise<boolean> {
    const { enabled, afterRecoveryCode } = this.options.trustedDevices;
    if (!enabled || (asksBackup && !afterRecoveryCode)) return false;
    return !(await this.trust.isTrusted(user, request));
  }
}

/** Only the types that a route demands. */
function restrict(usable: readonly MfaType[], wanted: string | null): readonly MfaType[] {
  if (wanted === null) return usable;
  const types = wanted.split(',');
  return usable.filter((type) => types.includes(type));
}
