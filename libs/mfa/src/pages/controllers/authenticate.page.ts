import { Get, Inject, Post } from '@nestjs/common';

import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import type { MfaType } from '../../core/policy/methods.js';
import { AuthenticateDto } from '../../sign-in/authenticate.dto.js';
import { MfaService } from '../../account/mfa.service.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { SecondFactorFlow } from '../../sign-in/second-factor.flow.js';
import { WebAuthnFlow } from '../../factors/webauthn/webauthn.flow.js';
import type { AskedProof } from '../frame/asked-proofs.js';
import { AskedProofs } from '../frame/asked-proofs.js';
import { CodeFactors } from '../frame/code-factors.js';
import { parseCredential } from '../frame/credential-field.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { backupPartOf } from '../templates/factor-parts.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Confirms with a second factor, to complete a sign-in or to step up. */
@MfaPages()
export class AuthenticatePage {
  constructor(
    @Inject(SecondFactorFlow) private readonly flow: SecondFactorFlow,
    @Inject(WebAuthnFlow) private readonly webauthn: WebAuthnFlow,
    @Inject(AskedProofs) private readonly asked: AskedProofs,
    @Inject(CodeFactors) private readonly codes: CodeFactors,
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('authenticate')
  @Access('authenticate')
  async show(
    @CurrentRequest() context: MfaRequest,
    @QueryText('next') next: string | null,
    @QueryText('method') method: string | null,
    @QueryText('only') only: string | null,
    @QueryText('needs') needs: string | null,
    @QueryText('notice') notice: string | null,
  ): Promise<PageAnswer> {
    return this.page(context, { next: safeNext(next), method, only, needs, notice });
  }

  @Post('authenticate')
  @Access('authenticate')
  async authenticate(
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @QueryText('method') method: string | null,
    @QueryText('only') only: string | null,
    @QueryText('needs') needs: string | null,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    if (isTicked(body['cancel'])) return this.cancel(exchange);
    const next = safeNext(body['next']);
    const trustDevice = isTicked(body['trustDevice']);
    const proof = { trustDevice };
    return this.form.submit(
      context,
      { field: 'code', invalid: { code: 'invalidCode' } },
      async () => {
        const send = textOf(body['send']);
        if (send !== '') return this.send(context, send as MfaType, { next, method, only, needs }, exchange);
        // The form of a key includes the result of its ceremony; the form of a code doesn't.
        if (textOf(body['credential']) !== '') {
          await this.webauthn.authenticate(context, parseCredential(body['credential']), proof);
          return new PageRedirect(next ?? this.links.to('index'));
        }
        const { code } = await this.form.check(AuthenticateDto, { code: textOf(body['code']) });
        const { remainingRecoveryCodes } = await this.flow.authenticateByCode(context, code, proof);
        const wantsCodes = remainingRecoveryCodes !== undefined && isTicked(body['newCodes']);
        const onward = wantsCodes ? this.links.to('recovery-codes/generate', { next }) : next;
        return new PageRedirect(onward ?? this.links.to('index'));
      },
      (refusal) => this.page(context, { next, method, only, needs }, refusal),
    );
  }

  /** Sends a code and returns to the page on which it is entered. */
  private async send(
    context: MfaRequest,
    type: MfaType,
    query: AskedProof,
    { response }: MfaHttpExchange,
  ): Promise<PageAnswer> {
    await this.codes.send(context, type, response);
    return new PageRedirect(this.links.to('authenticate', { ...query }));
  }

  /** Cancels a half-finished sign-in. */
  private async cancel(exchange: MfaHttpExchange): Promise<PageAnswer> {
    await this.mfa.logout(exchange);
    return new PageRedirect(this.links.signIn(null) ?? this.links.home);
  }

  private async page(context: MfaRequest, query: AskedProof, refusal?: Refusal): Promise<PageAnswer> {
    // `method` expresses the user's choice, which can change; what the route requires stays in `only`.
    const byBackup = backupPartOf(query.method) !== undefined;
    return this.asked.show(context, query, byBackup, refusal);
  }
}
