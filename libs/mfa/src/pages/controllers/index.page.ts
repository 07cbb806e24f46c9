import { Get, Inject } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticatorView } from '../../engine/authenticators/authenticator-view.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { isRecoveryCodes } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { MfaService } from '../../account/mfa.service.js';
import { OfferedFactors } from '../frame/offered-factors.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { show } from '../frame/page-answer.js';
import { isNoticeOfKeys, noticeText } from '../frame/page-notices.js';
import { MfaPages, QueryText } from '../render/page.decorators.js';
import { PageLocale } from '../frame/page-locale.js';

/** Whether this session was opened with a recovery code of the user's current set, which should then be replaced. */
function hasUsedCode(
  context: Pick<MfaRequest, 'records'>,
  authenticators: readonly Pick<AuthenticatorView, 'id' | 'type'>[],
): boolean {
  const set = authenticators.find(({ type }) => isRecoveryCodes(type));
  return set !== undefined && context.records.some(({ authenticatorId }) => authenticatorId === set.id);
}

/** The account security page. */
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
    @CurrentRequest() context: MfaRequest,
    @QueryText('notice') notice: string | null,
  ): Promise<PageAnswer> {
    const authenticators = await this.authenticators.find(user);
    const { types, mustVerifyEmail, voids } = await this.offers.find(user, authenticators, context);
    const words = await this.locale.wordsFor(context);
    return show('index', {
      status: await this.mfa.status(user, context.session),
      authenticators,
      offered: types,
      mustVerifyEmail,
      voids,
      supportedTypes: this.options.supportedTypes,
      hasTrustedDevices: this.options.trustedDevices.enabled,
      notice:
        noticeText(notice, words.texts) ??
        (hasUsedCode(context, authenticators) ? words.texts.noticeRecoveryCodeUsed : null),
      signalsKeys: isNoticeOfKeys(notice),
    });
  }
}
