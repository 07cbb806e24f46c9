import { fillIn } from './choose-texts.js';
import type { MfaLocaleTexts } from './locale-texts.js';
import type { MfaPageTexts } from './page-texts.js';
import { ENGLISH_PAGES } from './page-texts.js';

/** The texts of the pages in a language; what it lacks is English. */
export function pageTextsOf({ pages = {} }: MfaLocaleTexts): MfaPageTexts {
  return { ...ENGLISH_PAGES, ...pages };
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
