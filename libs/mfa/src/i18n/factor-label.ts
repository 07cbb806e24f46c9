import { traitsOf } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import { BUILT_IN_TRAITS } from '../factors/traits/built-in.js';
import type { MfaPageTexts, MfaPlainPageText } from './page-texts.js';

/** The names of the built-in factor types. */
const LABELS: ReadonlyMap<string, MfaPlainPageText> = new Map(
  BUILT_IN_TRAITS.map(({ type, text }) => [type, text]),
);

/** A language and the page texts in it. */
export interface PageLanguage {
  /** Such as `en`. */
  locale: string;
  texts: MfaPageTexts;
}

/** The name of a factor type; factors of the option `factors` provide their own. */
export function factorLabel(type: MfaType, { locale, texts }: PageLanguage): string {
  const key = LABELS.get(type);
  if (key !== undefined) return texts[key];
  const { label = type, labels = {} } = traitsOf(type) ?? {};
  return labels[locale] ?? labels[locale.split('-')[0] ?? ''] ?? label;
}
