import { Get, Inject, Post } from '@nestjs/common';

import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaType } from '../../core/policy/methods.js';
import { AuthenticateDto } from '../../sign-in/authenticate.dto.js';
import { MfaService } from '../../account/mfa.service.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ProofSubjects, SecondFactorFlow } from '../../sign-in/second-factor.flow.js';
import { WebAuthnFlow } from '../../factors/webauthn/webauthn.flow.js';
import { CodeFactors } from '../frame/code-factors.js';
import { parseCredential } from '../frame/credential-field.js';
import { safeNext } from '../../core/web/next-path.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageLocale } from '../frame/page-locale.js';
import { noticeText } from '../frame/page-notices.js';
import { PageForm, isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { needsOf } from '../../refusals/page-needs.js';
import { backupPartOf } from '../templates/factor-parts.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';

const DAY_SECONDS = 86_400;

interface PageQuery {
  next: string | null;
  /** The types that the route demands, or that the user wants to use a recovery code. */
  method: string | null;
  /** The types that the route demands, while a recovery code is asked for. */
  only: string | null;
  /** What the route demands of the proof besides its type. */
  needs: string | null;
  /** What was just done. */
  notice?: string | null;
}

/** Confirming with a second factor: to finish a sign-in, or to step up. */
@MfaPages()
export class AuthenticatePage {
  constructor(
    @Inject(SecondFactorFlow) private readonly flow: SecondFactorFlow,
    @Inject(WebAuthnFlow) private readonly webauthn: WebAuthnFlow,
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(CodeFactors) private readonly codes: CodeFactors,
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
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
        // The form of a key is sent with what its ceremony gave; that of a code without.
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

  /** Sends a code, and comes back to the page that takes it. */
  private async send(
    context: MfaRequest,
    type: MfaType,
    query: PageQuery,
    { response }: MfaHttpExchange,
  ): Promise<PageAnswer> {
    await this.codes.send(context, type, response);
    return new PageRedirect(this.links.to('authenticate', { ...query }));
  }

  /** Gives a half-finished sign-in up. */
  private async cancel(exchange: MfaHttpExchange): Promise<PageAnswer> {
    await this.mfa.logout(exchange);
    return new PageRedirect(this.links.signIn(null) ?? this.links.home);
  }

  private async page(
    context: MfaRequest,
    { next, method, only, needs, notice = null }: PageQuery,
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const usable = await this.subjects.usableTypes(await this.subjects.of(context));
    // As `method` a wish of the user, who may change their mind; what the route demands stays in `only`.
    const byBackup = backupPartOf(method) !== undefined;
    const wanted = byBackup ? only : method;
    const methods = restrict(usable, wanted);
    const { trustedDevices, totp } = this.options;
    return show(
      'authenticate',
      {
        next,
        methods,
        ...(await this.codes.show(context, methods)),
        only: wanted,
        needs: needsOf(needs),
        byBackup,
        isPending: context.session?.status === 'pending',
        trustDays: trustedDevices.enabled
          ? Math.max(1, Math.floor(trustedDevices.ttlSeconds / DAY_SECONDS))
          : null,
        digits: totp.digits,
        notice: noticeText(notice, await this.locale.textsFor(context)),
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }
}

/** Only the types that a route demands. */
function restrict(usable: readonly MfaType[], wanted: string | null): readonly MfaType[] {
  if (wanted === null) return usable;
  const types = wanted.split(',');
  return usable.filter((type) => types.includes(type));
}
