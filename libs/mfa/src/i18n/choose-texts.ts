import Negotiator from 'negotiator';

import { readHeader } from '../http/http-message.js';
import type { MfaLocaleTexts } from './locale-texts.js';

/** The texts of that language, or of its primary language (`de` for `de-AT`); the first of the list otherwise. */
export function textsOf(
  locale: string | null | undefined,
  available: readonly [MfaLocaleTexts, ...MfaLocaleTexts[]],
): MfaLocaleTexts {
  const wanted = locale?.toLowerCase();
  const [primary] = wanted?.split('-') ?? [];
  const byTag = (tag: string | undefined) => available.find((one) => one.locale.toLowerCase() === tag);
  return byTag(wanted) ?? byTag(primary) ?? available[0];
}

/** The language that a request prefers among these (RFC 9110, section 12.5.4), or undefined. */
export function preferredLocale(
  request: object | undefined,
  available: readonly MfaLocaleTexts[],
): string | undefined {
  const header = request && readHeader(request, 'accept-language');
  if (!header) return undefined;
  return new Negotiator({ headers: { 'accept-language': header } }).language(
    available.map(({ locale }) => locale),
  );
}

/** Fills `{name}` in; what has no value stays out. */
export function fillIn(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}
