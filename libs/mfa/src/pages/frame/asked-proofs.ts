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

/** The proof that a page asks for, according to its URL. */
export interface AskedProof {
  next: string | null;
  /** The types that the route requires, or the user's choice to use a recovery code. */
  method: string | null;
  /** The types that the route requires, while the page asks for a recovery code. */
  only: string | null;
  /** What the route requires of the proof besides its type. */
  needs: string | null;
  /** What the user has just done. */
  notice?: string | null;
}

/** The page that asks for a proof, with those of the user's factors that the route accepts. */
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
   * Shows the page, after a refused form with its error.
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

  /**
   * Whether the proof can make this browser trusted. Not if it is trusted already, and not by a recovery code unless the option allows
   * it.
   */
  private async offersTrust(user: MfaUser, request: object, asksBackup: boolean): Promise<boolean> {
    const { enabled, afterRecoveryCode } = this.options.trustedDevices;
    if (!enabled || (asksBackup && !afterRecoveryCode)) return false;
    return !(await this.trust.isTrusted(user, request));
  }
}

/** Keeps only the types that a route requires. */
function restrict(usable: readonly MfaType[], wanted: string | null): readonly MfaType[] {
  if (wanted === null) return usable;
  const types = wanted.split(',');
  return usable.filter((type) => types.includes(type));
}
