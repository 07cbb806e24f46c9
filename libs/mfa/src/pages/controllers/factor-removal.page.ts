import { Get, Inject, Param, Post } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { RemoveAuthenticatorFlow } from '../../engine/changes/remove-authenticator.flow.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, textOf } from '../frame/page-form.js';
import { Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Removing the factors of the option `factors`. */
@MfaPages()
export class FactorRemovalPages {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(RemoveAuthenticatorFlow) private readonly removal: RemoveAuthenticatorFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('factors/:type/remove')
  @Access('recent')
  async showRemove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @QueryText('id') id: string | null,
  ): Promise<PageAnswer> {
    return this.removePage(user, context, type, id);
  }

  @Post('factors/:type/remove')
  @Access('recent')
  async remove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    const id = textOf(body['id']);
    return this.form.submit(
      context,
      { codes: { cannot_delete_authenticator: 'removeNotAllowed' } },
      async () => {
        const own = await this.authenticators.find(user, type);
        if (!this.registry.find(type) || !own.some((one) => one.id === id))
          throw new MfaException('not_found');
        await this.removal.remove(user, id, context);
        return new PageRedirect(this.links.to('index', { notice: 'removed' }));
      },
      (refusal) => this.removePage(user, context, type, id, refusal),
    );
  }

  private async removePage(
    user: MfaUser,
    context: MfaRequest,
    type: MfaType,
    id: string | null,
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const factors = (await this.authenticators.find(user)).filter(isSecondFactorRow);
    const chosen = factors.filter((one) => one.type === type && (id === null || one.id === id));
    const [first] = chosen;
    if (!first || !this.registry.find(type)) throw new MfaException('not_found');
    const isNeeded = await this.removal.isNeeded(user, first.id, factors, context);
    return show(
      'factors/remove',
      { authenticators: chosen, isLast: factors.length === 1, isNeeded, error: refusal?.error ?? null },
      refusal,
    );
  }
}
