import { Get, Inject, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { RecoveryCodesService } from '../../factors/recovery-codes/recovery-codes.service.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { RECOVERY_CODES_TRAITS } from '../../factors/recovery-codes/traits/recovery-codes.traits.js';
import { NewFactorAnswers } from '../frame/new-factor-answer.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import { PageFlash } from '../frame/page-flash.js';
import type { FormBody } from '../frame/page-form.js';
import { PageForm, isTicked } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { RecoveryCodeFile } from '../frame/recovery-code-file.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Shows how many recovery codes are left, and generates new ones. */
@MfaPages()
export class RecoveryCodesPages {
  constructor(
    @Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(PageFlash) private readonly flash: PageFlash,
    @Inject(RecoveryCodeFile) private readonly file: RecoveryCodeFile,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  @Get('recovery-codes')
  @Access('user')
  async index(@CurrentUser() user: MfaUser, @CurrentRequest() context: MfaRequest): Promise<PageAnswer> {
    const canGenerate = this.canGenerate(context);
    return show('recovery-codes/index', { summary: await this.recoveryCodes.summary(user), canGenerate });
  }

  @Get('recovery-codes/generate')
  @Access('recent')
  async showGenerate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('next') text: string | null,
    @Exchange() { request, response }: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(text);
    const codes = await this.flash.take(request, response, context);
    if (!codes && !this.canGenerate(context)) throw new MfaException('cannot_generate_recovery_codes');
    const file = codes ? await this.file.heading(user, context) : '';
    return show('recovery-codes/generate', { next, codes, file, error: null });
  }

  @Post('recovery-codes/generate')
  @Access('recent')
  async generate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    return this.form.submit(
      context,
      {},
      async () => {
        const endOtherSessions = isTicked(body['endOtherSessions']);
        const recoveryCodes = await this.recoveryCodes.regenerate(user, context, { endOtherSessions });
        return this.newFactors.give(exchange, { recoveryCodes, next });
      },
      (refusal) =>
        show('recovery-codes/generate', { next, codes: null, file: '', error: refusal.error }, refusal),
    );
  }

  /** Continues from the page that showed the codes. Requires no proof, since saving them may have taken a while. */
  @Get('recovery-codes/saved')
  @Access('anyone')
  saved(@QueryText('next') next: string | null): PageAnswer {
    return new PageRedirect(safeNext(next) ?? this.links.to('index'));
  }

  private canGenerate({ account }: MfaRequest): boolean {
    const isEnrolled = account?.authenticators.some(isSecondFactorRow) ?? false;
    return isEnrolled && this.options.supportedTypes.includes(RECOVERY_CODES_TRAITS.type);
  }
}
