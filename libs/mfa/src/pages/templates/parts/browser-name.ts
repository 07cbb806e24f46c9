import { describeBrowser } from '../../../i18n/describe-browser.js';
import type { MfaPageContext } from '../../frame/page-props.js';

/** Describes a user agent in the page's language. */
export function browserName(userAgent: string | null, page: MfaPageContext): string {
  const { browser, system } = describeBrowser(userAgent);
  if (browser && system) return page.fill('devicesName', { browser, system });
  return browser ?? system ?? page.texts.devicesUnknown;
}
