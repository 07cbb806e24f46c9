import { Get, Inject, Post, UseGuards } from '@nestjs/common';

import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { PasskeyLoginGuard } from '../../factors/webauthn/passkey-login.guard.js';
import { PasskeyFlow } from '../../factors/webauthn/passkey.flow.js';
import { parseCredential } from '../frame/credential-field.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Signs in with a passkey alone. Without the option `passkeyLogin`, this page doesn't exist. */
@MfaPages()
@UseGuards(PasskeyLoginGuard)
export class PasskeyPage {
  constructor(
    @Inject(PasskeyFlow) private readonly flow: PasskeyFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('passkey')
  @Access('anyone')
  show(@QueryText('next') next: string | null): PageAnswer {
    return this.page(safeNext(next));
  }

  @Post('passkey')
  @Access('anyone')
  async signIn(
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    return this.form.submit(
      context,
      {},
      async () => {
        await this.flow.signIn(parseCredential(body['credential']), exchange);
        return new PageRedirect(next ?? this.links.to('index'));
      },
      (refusal) => this.page(next, refusal),
    );
  }

  private page(next: string | null, refusal?: Refusal): PageAnswer {
    const loginUrl = this.links.signIn(next);
    return show('passkey', { next, loginUrl, error: refusal?.error ?? null }, refusal);
  }
}
