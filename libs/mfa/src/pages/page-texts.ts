import { fillIn } from '../i18n/choose-texts.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type { MfaPageTexts, MfaPlainPageText } from '../i18n/page-texts.js';
import { ENGLISH_PAGES } from '../i18n/page-texts.js';
import type { MfaPageName } from './page-props.js';

/** Where each page's title stands among the texts. */
const TITLES: Record<MfaPageName, MfaPlainPageText> = {
  index: 'indexTitle',
  authenticate: 'authenticateTitle',
  reauthenticate: 'reauthenticateTitle',
  enrol: 'enrolTitle',
  passkey: 'passkeyTitle',
  'totp/add': 'totpAddTitle',
  'totp/remove': 'totpRemoveTitle',
  'factors/add': 'factorAddTitle',
  'factors/remove': 'factorRemoveTitle',
  'webauthn/add': 'webauthnAddTitle',
  'webauthn/edit': 'webauthnEditTitle',
  'webauthn/remove': 'webauthnRemoveTitle',
  'recovery-codes/index': 'recoveryTitle',
  'recovery-codes/generate': 'recoveryGenerateTitle',
  'trusted-devices': 'devicesTitle',
  error: 'errorTitle',
};

export const PAGE_NAMES = Object.keys(TITLES) as MfaPageName[];

/** The texts of the pages in a language; what it lacks is English. */
export function pageTextsOf({ pages = {} }: MfaLocaleTexts): MfaPageTexts {
  return { ...ENGLISH_PAGES, ...pages };
}

export function titleOf(name: MfaPageName, props: object, texts: MfaPageTexts): string {
  // The page that asks whether new codes are to be made is also the one that shows them.
  if (name === 'recovery-codes/generate' && (props as { codes?: unknown }).codes)
    return texts.recoverySaveTitle;
  if (name === 'error' && (props as { oldForm?: unknown }).oldForm) return texts.errorOldTitle;
  return texts[TITLES[name]];
}

/** Fills the `{…}` of a text in. Where it has several forms, the first number of the values chooses one. */
export function fillText(
  texts: MfaPageTexts,
  key: keyof MfaPageTexts,
  values: Readonly<Record<string, string | number>>,
  locale: string,
): string {
  const text = texts[key];
  const count = Object.values(values).find((value) => typeof value === 'number') ?? 0;
  return fillIn(
    typeof text === 'string' ? text : (text[new Intl.PluralRules(locale).select(count)] ?? text.other),
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])),
  );
}

/** The direction in which a language is written. */
export function directionOf(locale: string): 'ltr' | 'rtl' {
  // `getTextInfo()` in the standard, `textInfo` in the engines of Node.js 20; neither is in TypeScript's types.
  const info = new Intl.Locale(locale) as Intl.Locale & {
    textInfo?: { direction: 'ltr' | 'rtl' };
    getTextInfo?: () => { direction: 'ltr' | 'rtl' };
  };
  return (info.getTextInfo?.() ?? info.textInfo)?.direction ?? 'ltr';
}

/** Date and time in a language, in UTC. */
export function formatMoment(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
    .format(at)
    .concat(' UTC');
}
