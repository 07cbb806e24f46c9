import { Get, Inject } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaService } from '../../account/mfa.service.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { safeNext } from '../../core/web/next-path.js';
import { OfferedFactors } from '../frame/offered-factors.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { show } from '../frame/page-answer.js';
import { needsOf } from '../../refusals/page-needs.js';
import { MfaPages, QueryText } from '../render/page.decorators.js';

/** The page for users who can't continue without a second factor, or one of a certain kind. */
@MfaPages()
export class EnrolPage {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(OfferedFactors) private readonly offers: OfferedFactors,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  @Get('enrol')
  @Access('user')
  async show(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('next') next: string | null,
    @QueryText('method') method: string | null,
    @QueryText('needs') needs: string | null,
  ): Promise<PageAnswer> {
    const authenticators = await this.authenticators.find(user);
    const { types, mustVerifyEmail } = await this.offers.find(user, authenticators, context);
    const wanted = types.filter((type) => type === method);
    const { enrollmentDeadline } = await this.mfa.status(user, context.session);
    return show('enrol', {
      next: safeNext(next),
      needs: needsOf(needs),
      methods: wanted.length > 0 ? wanted : types,
      mustVerifyEmail,
      deadline: enrollmentDeadline,
      period: this.options.totp.period,
    });
  }
}
