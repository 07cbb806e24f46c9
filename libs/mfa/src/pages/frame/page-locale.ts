import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { textsOf } from '../../i18n/choose-texts.js';
import type { PageLanguage } from '../../i18n/factor-label.js';
import type { MfaLocaleTexts } from '../../i18n/locale-texts.js';
import type { MfaPageTexts } from '../../i18n/page-texts.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { pageTextsOf } from '../../i18n/fill-text.js';

/** The language of a page, for whoever requested it. */
@Injectable()
export class PageLocale {
  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  async languageOf({ user, request }: MfaRequest): Promise<MfaLocaleTexts> {
    return textsOf(await this.adapter.getLocale(user, request), this.options.locales);
  }

  async wordsFor(context: MfaRequest): Promise<PageLanguage> {
    const language = await this.languageOf(context);
    return { locale: language.locale, texts: pageTextsOf(language) };
  }

  async textsFor(context: MfaRequest): Promise<MfaPageTexts> {
    return (await this.wordsFor(context)).texts;
  }
}
