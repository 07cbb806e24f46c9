import { fillIn } from './choose-texts.js';
import type { MfaLocaleTexts } from './locale-texts.js';
import type { MfaPageTexts } from './page-texts.js';
import { ENGLISH_PAGES } from './page-texts.js';

/** The page texts of a language, with English for any that are missing. */
export function pageTextsOf({ pages = {} }: MfaLocaleTexts): MfaPageTexts {
  return { ...ENGLISH_PAGES, ...pages };
}

/** Fills in the `{…}` placeholders. If the text has several forms, the first numeric value selects one. */
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

/** The writing direction of a language. */
export function directionOf(locale: string): 'ltr' | 'rtl' {
  // `getTextInfo()` in the standard, `textInfo` in Node.js 20; TypeScript's types have neither.
  const info = new Intl.Locale(locale) as Intl.Locale & {
    textInfo?: { direction: 'ltr' | 'rtl' };
    getTextInfo?: () => { direction: 'ltr' | 'rtl' };
  };
  return (info.getTextInfo?.() ?? info.textInfo)?.direction ?? 'ltr';
}

/** Formats date and time for a language, in UTC. */
export function formatMoment(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
    .format(at)
    .concat(' UTC');
}
