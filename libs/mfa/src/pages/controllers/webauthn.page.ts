import { Get, Inject, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AddAuthenticatorFlow } from '../../engine/changes/add-authenticator.flow.js';
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
import { show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

interface AddForm {
  next: string | null;
  name: string;
  passwordless: boolean;
}

/** Adds security keys and passkeys. */
@MfaPages()
export class WebAuthnPages {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(AddAuthenticatorFlow) private readonly adding: AddAuthenticatorFlow,
    @Inject(PageForm) private readonly form: PageForm,
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
        return this.newFactors.added(user, added, exchange, { next, notice: 'key-added' });
      },
      (refusal) =>
        this.addPage(context, { next, name, passwordless: isTicked(body['passwordless']) }, refusal),
    );
  }

  private addPage({ account }: MfaRequest, form: AddForm, refusal?: Refusal): PageAnswer {
    const offersPasskeys = this.options.passkeyLogin;
    const isFirst = !account?.authenticators.some(isSecondFactorRow);
    return show('webauthn/add', { ...form, offersPasskeys, isFirst, error: refusal?.error ?? null }, refusal);
  }
}
