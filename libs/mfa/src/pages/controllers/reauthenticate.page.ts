import { Get, Inject, Post } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { PasswordFlow } from '../../sign-in/password.flow.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Asks users without a second factor for their password again. */
@MfaPages()
export class ReauthenticatePage {
  constructor(
    @Inject(PasswordFlow) private readonly password: PasswordFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  @Get('reauthenticate')
  @Access('user')
  async show(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() { account }: MfaRequest,
    @QueryText('next') text: string | null,
  ): Promise<PageAnswer> {
    const next = safeNext(text);
    // For users with a second factor, a password isn't enough.
    if (await this.adapter.isMfaEnabled(user, undefined, account?.authenticators)) {
      return new PageRedirect(this.links.to('authenticate', { next }));
    }
    return this.page(user, next);
  }

  @Post('reauthenticate')
  @Access('user')
  async reauthenticate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const next = safeNext(body['next']);
    return this.form.submit(
      context,
      { field: 'password', codes: { incorrect_code: 'wrongPassword' } },
      async () => {
        await this.password.prove(user, textOf(body['password']), exchange);
        return new PageRedirect(next ?? this.links.to('index'));
      },
      (refusal) => this.page(user, next, refusal),
    );
  }

  private page(user: MfaUser, next: string | null, refusal?: Refusal): PageAnswer {
    return show(
      'reauthenticate',
      {
        next,
        user: user.email ?? user.username ?? user.displayName ?? null,
        canCheckPassword: this.password.isAvailable,
        loginUrl: this.links.signIn(next),
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }
}
