import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { fillText, formatMoment, pageTextsOf } from '../../i18n/fill-text.js';
import { PageLocale } from './page-locale.js';

/** The file in which new recovery codes are downloaded. */
@Injectable()
export class RecoveryCodeFile {
  constructor(
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** What it says above the codes: of which site and user they are, and since when. */
  async heading(user: MfaUser, context: MfaRequest): Promise<string> {
    const language = await this.locale.languageOf(context);
    const values = {
      site: await this.adapter.getSiteName(),
      user: await this.adapter.getTotpLabel(user),
      time: formatMoment(new Date(this.clock.now()), language.locale),
    };
    return fillText(pageTextsOf(language), 'recoveryFile', values, language.locale);
  }
}
