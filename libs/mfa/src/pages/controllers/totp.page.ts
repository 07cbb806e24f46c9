import { Get, Inject, Post, Res } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ActivateTotpDto } from '../../factors/totp/activate-totp.dto.js';
import type { TotpSetupDetails } from '../../factors/totp/totp-authenticator.js';
import { svgDataUrl, widthOnScreen } from '../../core/otpauth/qr-code.js';
import { TOTP_TRAITS } from '../../factors/totp/traits/totp.traits.js';
import { TotpService } from '../../factors/totp/totp.service.js';
import { safeNext } from '../../core/web/next-path.js';
import { FactorRemoval } from '../frame/factor-removal.js';
import { NewFactorAnswers } from '../frame/new-factor-answer.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';
import { TotpSetups } from '../frame/totp-setups.js';

const REMOVAL = { page: 'totp/remove', type: TOTP_TRAITS.type } as const;

/** Sets up and removes authenticator apps. */
@MfaPages()
export class TotpPages {
  constructor(
    @Inject(TotpService) private readonly totp: TotpService,
    @Inject(TotpSetups) private readonly setups: TotpSetups,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(FactorRemoval) private readonly removal: FactorRemoval,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  @Get('totp/add')
  @Access('adding')
  async showAdd(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('next') next: string | null,
    @QueryText('replaces') replaces: string | null,
    @Res({ passthrough: true }) response: object,
  ): Promise<PageAnswer> {
    const setup = await this.setups.open(user, context, response, replaces);
    return this.addPage(user, setup, { next: safeNext(next), name: '', replaces });
  }

  @Post('totp/add')
  @Access('adding')
  async add(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @QueryText('replaces') replaces: string | null,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    const name = textOf(body['name']).trim();
    return this.form.submit(
      context,
      { field: 'code', invalid: { code: 'invalidTotp', name: 'invalidName' } },
      async () => {
        const fields = { code: textOf(body['code']), ...(name === '' ? {} : { name }) };
        const activation = await this.form.check(ActivateTotpDto, fields);
        const endOtherSessions = isTicked(body['endOtherSessions']);
        const added = await this.totp.activate(user, { ...activation, endOtherSessions }, context);
        const notice = replaces === null ? 'totp-added' : 'totp-replaced';
        return this.newFactors.added(user, added, exchange, { next, notice });
      },
      async (refusal) => {
        const setup = await this.setups.open(user, context, exchange.response, replaces);
        return this.addPage(user, setup, { next, name, replaces }, refusal);
      },
    );
  }

  @Get('totp/remove')
  @Access('recent')
  async showRemove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('id') id: string | null,
  ): Promise<PageAnswer> {
    return this.removal.show(user, context, { ...REMOVAL, id });
  }

  @Post('totp/remove')
  @Access('recent')
  async remove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    return this.removal.remove(user, context, { ...REMOVAL, id: textOf(body['id']) || null });
  }

  private async addPage(
    user: MfaUser,
    { secret, svg, expiresAt }: TotpSetupDetails,
    { next, name, replaces }: { next: string | null; name: string; replaces: string | null },
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const factors = await this.authenticators.find(user);
    return show(
      'totp/add',
      {
        next,
        secret,
        qrCode: svgDataUrl(svg),
        qrCodeWidth: widthOnScreen(svg),
        expiresAt,
        digits: this.options.totp.digits,
        name,
        isFirst: !factors.some(isSecondFactorRow),
        replaced: factors.find(({ id }) => id === replaces)?.name ?? null,
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }
}
