import { Get, Inject } from '@nestjs/common';

import type { MfaUser } from '../../adapter/mfa-user.js';
import { AuthenticatorList } from '../../authenticators/authenticator-list.js';
import { Access, CurrentContext, CurrentUser } from '../../http/access.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaRequestContext } from '../../sessions/request-context.service.js';
import { MfaService } from '../../sessions/mfa.service.js';
import { OfferedFactors } from '../offered-factors.js';
import type { PageAnswer } from '../page-answer.js';
import { show } from '../page-answer.js';
import { isNoticeOfKeys, noticeText } from '../page-notices.js';
import { MfaPages, QueryText } from '../page.decorators.js';
import { PageLocale } from '../page-locale.js';

/** Account security. */
@MfaPages()
export class IndexPage {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(OfferedFactors) private readonly offers: OfferedFactors,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  @Get()
  @Access('user')
  async index(
    @CurrentUser() user: MfaUser,
    @CurrentContext() context: MfaRequestContext,
    @QueryText('notice') notice: string | null,
  ): Promise<PageAnswer> {
    const authenticators = await this.authenticators.find(user);
    const { types, mustVerifyEmail } = this.offers.find(user, authenticators, context);
    const texts = await this.locale.textsFor(context);
    return show('index', {
      status: await this.mfa.status(user, context.session),
      authenticators,
      offered: {
        totp: types.includes('totp'),
        webauthn: types.includes('webauthn'),
        others: this.offers.named(types, texts),
      },
      mustVerifyEmail,
      hasTrustedDevices: this.options.trustedDevices.enabled,
      notice: noticeText(notice, texts),
      signalsKeys: isNoticeOfKeys(notice),
    });
  }
}
