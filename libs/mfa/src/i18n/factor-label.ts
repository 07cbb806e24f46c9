import { traitsOf } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import { BUILT_IN_TRAITS } from '../factors/traits/built-in.js';
import type { MfaPageTexts, MfaPlainPageText } from './page-texts.js';

/** The texts of the kinds of factor that come with the module. */
const LABELS: ReadonlyMap<string, MfaPlainPageText> = new Map(
  BUILT_IN_TRAITS.map(({ type, text }) => [type, text]),
);

/** A language, with the texts of the pages in it. */
export interface PageLanguage {
  /** Such as `en`. */
  locale: string;
  texts: MfaPageTexts;
}

/** How that kind of factor is called; a factor of the option `factors` says it itself. */
export function factorLabel(type: MfaType, { locale, texts }: PageLanguage): string {
  const key = LABELS.get(type);
  if (key !== undefined) return texts[key];
  const { label = type, labels = {} } = traitsOf(type) ?? {};
  return labels[locale] ?? labels[locale.split('-')[0] ?? ''] ?? label;
}
