import { Get, Inject, Param, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { RenameAuthenticatorDto } from '../../account/rename-authenticator.dto.js';
import { RenameAuthenticatorFlow } from '../../engine/changes/rename-authenticator.flow.js';
import { ActivationAnswers } from '../../sign-in/activation-answer.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
import { RemoveAuthenticatorFlow } from '../../engine/changes/remove-authenticator.flow.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { AddWebAuthnDto } from '../../factors/webauthn/add-webauthn.dto.js';
import { WebAuthnService } from '../../factors/webauthn/webauthn.service.js';
import { parseCredential } from '../frame/credential-field.js';
import { WEBAUTHN_TRAITS } from '../../factors/webauthn/traits/webauthn.traits.js';
import { NewFactorAnswers } from '../frame/new-factor-answer.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { ListedAuthenticator } from '../frame/page-props.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

interface AddForm {
  next: string | null;
  name: string;
  passwordless: boolean;
}

/** Adding, renaming and removing security keys and passkeys. */
@MfaPages()
export class WebAuthnPages {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(ActivationAnswers) private readonly answers: ActivationAnswers,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(RenameAuthenticatorFlow) private readonly renaming: RenameAuthenticatorFlow,
    @Inject(RemoveAuthenticatorFlow) private readonly removal: RemoveAuthenticatorFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  @Get('webauthn/add')
  @Access('adding')
  showAdd(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('next') next: string | null,
  ): PageAnswer {
    this.adding.assertMayEnroll(user, WEBAUTHN_TRAITS.type);
    return this.addPage(context, { next: safeNext(next), name: '', passwordless: false });
  }

  @Post('webauthn/add')
  @Access('adding')
  async add(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const name = textOf(body['name']).trim();
    const next = safeNext(body['next']);
    return this.form.submit(
      context,
      { invalid: { name: 'invalidName' } },
      async () => {
        const credential = parseCredential(body['credential']);
        const fields = await this.form.check(AddWebAuthnDto, {
          credential,
          ...(name === '' ? {} : { name }),
        });
        const named = {
          ...(fields.name === undefined ? {} : { name: fields.name }),
          endOtherSessions: isTicked(body['endOtherSessions']),
          context,
        };
        const added = await this.webauthn.verifyRegistration(user, fields.credential, named);
        const { recoveryCodes } = await this.answers.give(user, added, exchange);
        return this.newFactors.give(exchange, { recoveryCodes, next, notice: 'key-added' });
      },
      (refusal) =>
        this.addPage(context, { next, name, passwordless: isTicked(body['passwordless']) }, refusal),
    );
  }

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

  private addPage({ account }: MfaRequest, form: AddForm, refusal?: Refusal): PageAnswer {
    const offersPasskeys = this.options.passkeyLogin;
    const isFirst = !account?.authenticators.some(isSecondFactorRow);
    return show('webauthn/add', { ...form, offersPasskeys, isFirst, error: refusal?.error ?? null }, refusal);
  }

  /** @throws {MfaException} `not_found` unless it is a key of this user */
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
