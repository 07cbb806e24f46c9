import { Inject, Injectable } from '@nestjs/common';
import type { VNode } from 'preact';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { setHeader } from '../../core/web/http-message.js';
import type { ResolvedPages } from '../frame/resolve-pages.js';
import { MFA_PAGES } from '../../options/addresses.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { PageAssets } from '../frame/page-assets.js';
import type { PageView } from '../frame/page-answer.js';
import { CsrfTokens } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { PageLocale } from '../frame/page-locale.js';
import type { MfaPageContext } from '../frame/page-props.js';
import { PageSupport } from '../frame/page-support.js';
import { PageTemplates } from './page-templates.js';
import { titleOf } from '../frame/page-texts.js';
import { directionOf, fillText, formatMoment, pageTextsOf } from '../../i18n/fill-text.js';

/** No inline scripts or styles, nothing from other origins, no framing. `data:` allows the QR code and the empty icon. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Not `no-referrer`, with which browsers send forms with `Origin: null`.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Renders a page as HTML. The engine escapes everything in it. */
@Injectable()
export class PageRenderer {
  constructor(
    @Inject(PageTemplates) private readonly templates: PageTemplates,
    @Inject(CsrfTokens) private readonly csrf: CsrfTokens,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(PageAssets) private readonly assets: PageAssets,
    @Inject(MFA_PAGES) private readonly pages: ResolvedPages | null,
    @Inject(PageLocale) private readonly locales: PageLocale,
    @Inject(PageSupport) private readonly support: PageSupport,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** Returns the document, and sets the status and headers on the response. */
  async render(view: PageView, context: MfaRequest, response: object): Promise<string> {
    (response as { status(code: number): unknown }).status(view.status);
    for (const [name, value] of Object.entries({ ...HEADERS, ...view.headers }))
      setHeader(response, name, value);
    const page = await this.contextOf(view, context);
    const template = this.templates.get(view.name);
    const body = h(template, { ...view.props, page });
    return `<!doctype html>\n${renderToString(h(this.templates.layout, { page, children: body }) as VNode)}`;
  }

  private async contextOf({ name, props }: PageView, context: MfaRequest): Promise<MfaPageContext> {
    const language = await this.locales.languageOf(context);
    const { locale } = language;
    const texts = pageTextsOf(language);
    return {
      name,
      title: titleOf(name, props, texts),
      locale,
      dir: directionOf(locale),
      texts,
      site: await this.adapter.getSiteName(),
      support: await this.support.findFor(context),
      homeUrl: this.links.home,
      stylesheet: this.pages?.stylesheet ?? null,
      icon: this.pages?.icon ?? null,
      assets: this.assets.addresses(),
      api: this.links.api,
      isSignedIn: context.authenticatedSession !== null,
      csrfToken: await this.csrf.tokenFor(context),
      link: (page, query) => this.links.at(page, query),
      fill: (text, values = {}) => fillText(texts, text, values, locale),
      formatDate: (date) => formatMoment(date, locale),
    };
  }
}
