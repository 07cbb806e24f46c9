import { Get, Inject, Param, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { isSent } from '../../engine/factors/void-authenticator.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import { ActivateFactorDto } from '../../factors/plugged/activate-factor.dto.js';
import { FactorSetupFlow } from '../../factors/plugged/factor-setup.flow.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { factorLabel } from '../../i18n/factor-label.js';
import { traitsOf } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { BegunSetups } from '../frame/begun-setups.js';
import { safeNext } from '../../core/web/next-path.js';
import { NewFactorAnswers } from '../frame/new-factor-answer.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { PageLocale } from '../frame/page-locale.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Sets up the factors of the option `factors`. */
@MfaPages()
export class FactorPages {
  constructor(
    @Inject(FactorSetupFlow) private readonly flow: FactorSetupFlow,
    @Inject(BegunSetups) private readonly begun: BegunSetups,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(PageLocale) private readonly locale: PageLocale,
  ) {}

  @Get('factors/:type/add')
  @Access('adding')
  async showAdd(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @QueryText('next') next: string | null,
  ): Promise<PageAnswer> {
    this.flow.assertMayEnroll(user, type);
    return this.addPage(user, context, type, { next: safeNext(next), name: '' });
  }

  @Post('factors/:type/add')
  @Access('adding')
  async add(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    const name = textOf(body['name']).trim();
    return this.form.submit(
      context,
      { field: 'code', invalid: { code: 'invalidCode', name: 'invalidName' } },
      async () => {
        this.flow.assertMayEnroll(user, type);
        if (isTicked(body['begin'])) {
          const answer = await this.flow.begin(user, type, {}, context);
          await this.begun.put(exchange.response, context, type, answer);
          return new PageRedirect(this.links.to(`factors/${type}/add`, { next }));
        }
        const fields = { code: textOf(body['code']), ...(name === '' ? {} : { name }) };
        const activation = await this.form.check(ActivateFactorDto, fields);
        const endOtherSessions = isTicked(body['endOtherSessions']);
        const added = await this.flow.activate(user, type, { ...activation, endOtherSessions }, context);
        return this.newFactors.added(user, added, exchange, { next, notice: 'factor-added' });
      },
      (refusal) => this.addPage(user, context, type, { next, name }, refusal),
    );
  }

  private async addPage(
    user: MfaUser,
    context: MfaRequest,
    type: MfaType,
    { next, name }: { next: string | null; name: string },
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const factors = await this.authenticators.find(user);
    const { restricted = false } = traitsOf(type) ?? {};
    return show(
      'factors/add',
      {
        next,
        label: factorLabel(type, await this.locale.wordsFor(context)),
        begun: await this.begun.read(context, type),
        isSent: isSent(type),
        isRestricted: restricted,
        name,
        isFirst: !factors.some(isSecondFactorRow),
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }
}
