import { Get, Inject, Post, UseGuards } from '@nestjs/common';

import { safeNext } from '../../core/web/next-path.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SignUpDto } from '../../factors/webauthn/sign-up.dto.js';
import { SignUpGuard } from '../../factors/webauthn/sign-up.guard.js';
import { WebAuthnService } from '../../factors/webauthn/webauthn.service.js';
import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { parseCredential } from '../frame/credential-field.js';
import { NewFactorAnswers } from '../frame/new-factor-answer.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, textOf } from '../frame/page-form.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

interface Shown {
  next: string | null;
  name: string;
}

/** Creates an account with a passkey. Without the option `passkeySignUp`, this page doesn't exist. */
@MfaPages()
@UseGuards(SignUpGuard)
export class SignUpPage {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(NewFactorAnswers) private readonly newFactors: NewFactorAnswers,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('sign-up')
  @Access('anyone')
  show(@QueryText('next') next: string | null): PageAnswer {
    return this.page({ next: safeNext(next), name: '' });
  }

  @Post('sign-up')
  @Access('anyone')
  async signUp(
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    const name = textOf(body['name']).trim();
    return this.form.submit(
      context,
      { invalid: { name: 'invalidName' } },
      async () => {
        const credential = parseCredential(body['credential']);
        const { credential: made, ...signUp } = await this.form.check(SignUpDto, { credential, name });
        const { recoveryCodes } = await this.webauthn.finishSignUp(made, signUp, exchange);
        return this.newFactors.give(exchange, { recoveryCodes, next });
      },
      (refusal) => this.page({ next, name }, refusal),
    );
  }

  private page({ next, name }: Shown, refusal?: Refusal): PageAnswer {
    const loginUrl = this.links.signIn(next);
    return show('sign-up', { next, name, loginUrl, error: refusal?.error ?? null }, refusal);
  }
}
