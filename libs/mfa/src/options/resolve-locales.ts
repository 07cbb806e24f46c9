import { GERMAN } from '../i18n/de.js';
import { ENGLISH } from '../i18n/en.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type { Problems } from './problems.js';

const BUILT_IN: Record<string, MfaLocaleTexts> = { en: ENGLISH, de: GERMAN };

/** Resolves the languages, and checks that each has every required text. */
export function resolveLocales(
  problems: Problems,
  given: unknown,
): readonly [MfaLocaleTexts, ...MfaLocaleTexts[]] {
  if (given === undefined) return [ENGLISH];
  if (!Array.isArray(given) || given.length === 0) {
    problems.add("`locales` must be a list such as ['en', 'de']");
    return [ENGLISH];
  }
  const locales = (given as unknown[]).map((one) => resolveLocale(problems, one));
  return locales as [MfaLocaleTexts, ...MfaLocaleTexts[]];
}

function resolveLocale(problems: Problems, given: unknown): MfaLocaleTexts {
  if (typeof given === 'string' && Object.hasOwn(BUILT_IN, given)) return BUILT_IN[given] as MfaLocaleTexts;
  const { locale } = problems.group('locales', given) as Partial<MfaLocaleTexts>;
  if (typeof locale !== 'string' || !isLanguageTag(locale)) {
    problems.add('`locales` must contain `en`, `de`, or texts with a `locale` such as `fr`');
    return ENGLISH;
  }
  const texts = given as MfaLocaleTexts;
  const { pages: _pages, reasons: _reasons, ...needed } = ENGLISH;
  for (const path of missingTexts(needed, texts))
    problems.add(`\`locales\`: \`${locale}\` has no text for ${path}`);
  return texts;
}

function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

/** The paths of the texts that are missing in a language. */
function missingTexts(model: object, texts: unknown, path = ''): string[] {
  return Object.entries(model).flatMap(([key, value]) => {
    const given = (texts as Record<string, unknown> | null | undefined)?.[key];
    if (typeof value === 'object') return missingTexts(value as object, given, `${path}${key}.`);
    return typeof given === 'string' && given !== '' ? [] : [`${path}${key}`];
  });
}
