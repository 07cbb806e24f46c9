import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { fillText, formatMoment, pageTextsOf } from '../../i18n/fill-text.js';
import { PageLocale } from './page-locale.js';

/** The file for downloading new recovery codes. */
@Injectable()
export class RecoveryCodeFile {
  constructor(
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** The heading above the codes: their site, their user, and when they were generated. */
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
