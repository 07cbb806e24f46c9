import { Get, Inject, Param, Post } from '@nestjs/common';

import { RenameAuthenticatorDto } from '../../account/rename-authenticator.dto.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { RemoveAuthenticatorFlow } from '../../engine/changes/remove-authenticator.flow.js';
import { RenameAuthenticatorFlow } from '../../engine/changes/rename-authenticator.flow.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { WEBAUTHN_TRAITS } from '../../factors/webauthn/traits/webauthn.traits.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, textOf } from '../frame/page-form.js';
import type { ListedAuthenticator } from '../frame/page-props.js';
import { Form, MfaPages } from '../render/page.decorators.js';

/** Renames and removes the user's security keys and passkeys. */
@MfaPages()
export class KeyPages {
  constructor(
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(RenameAuthenticatorFlow) private readonly renaming: RenameAuthenticatorFlow,
    @Inject(RemoveAuthenticatorFlow) private readonly removal: RemoveAuthenticatorFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('webauthn/:id/edit')
  @Access('recent')
  async showEdit(@CurrentUser() user: MfaUser, @Param('id') id: string): Promise<PageAnswer> {
    const { authenticator } = await this.keyOf(user, id);
    return show('webauthn/edit', { authenticator, name: authenticator.name, error: null });
  }

  @Post('webauthn/:id/edit')
  @Access('recent')
  async edit(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('id') id: string,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    const { authenticator } = await this.keyOf(user, id);
    return this.form.submit(
      context,
      { invalid: { name: 'invalidName' } },
      async () => {
        const { name } = await this.form.check(RenameAuthenticatorDto, { name: textOf(body['name']) });
        await this.renaming.rename(user, id, name, context);
        return new PageRedirect(this.links.to('index', { notice: 'renamed' }));
      },
      (refusal) =>
        show('webauthn/edit', { authenticator, name: textOf(body['name']), error: refusal.error }, refusal),
    );
  }

  @Get('webauthn/:id/remove')
  @Access('recent')
  async showRemove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('id') id: string,
  ): Promise<PageAnswer> {
    return this.removePage(user, context, id);
  }

  @Post('webauthn/:id/remove')
  @Access('recent')
  async remove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('id') id: string,
  ): Promise<PageAnswer> {
    await this.keyOf(user, id);
    return this.form.submit(
      context,
      { codes: { cannot_delete_authenticator: 'removeNotAllowed' } },
      async () => {
        await this.removal.remove(user, id, context);
        return new PageRedirect(this.links.to('index', { notice: 'key-removed' }));
      },
      (refusal) => this.removePage(user, context, id, refusal),
    );
  }

  private async removePage(
    user: MfaUser,
    context: MfaRequest,
    id: string,
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const { authenticator, factors } = await this.keyOf(user, id);
    const isNeeded = await this.removal.isNeeded(user, id, factors, context);
    const isLast = factors.length === 1 && factors[0]?.id === id;
    return show(
      'webauthn/remove',
      { authenticator, isLast, isNeeded, error: refusal?.error ?? null },
      refusal,
    );
  }

  /** @throws {MfaException} `not_found` unless it is one of this user's keys */
  private async keyOf(
    user: MfaUser,
    id: string,
  ): Promise<{ authenticator: ListedAuthenticator; factors: ListedAuthenticator[] }> {
    const all = await this.authenticators.find(user);
    const factors = all.filter(isSecondFactorRow);
    const authenticator = all.find((one) => one.id === id && one.type === WEBAUTHN_TRAITS.type);
    if (!authenticator) throw new MfaException('not_found');
    return { authenticator, factors };
  }
}
