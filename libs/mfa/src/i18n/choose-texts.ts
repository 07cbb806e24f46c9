import Negotiator from 'negotiator';

import { readHeader } from '../core/web/http-message.js';
import type { MfaLocaleTexts } from './locale-texts.js';

/** More than any language tag in use has. A locale may come from a request. */
const MAX_SUBTAGS = 16;

/**
 * The texts of a locale, of a less specific one (`de` for `de-AT`; RFC 4647, section 3.4), or the first of the list.
 */
export function textsOf(
  locale: unknown,
  available: readonly [MfaLocaleTexts, ...MfaLocaleTexts[]],
): MfaLocaleTexts {
  // The locale's source may contain anything.
  const subtags = typeof locale === 'string' ? locale.toLowerCase().split('-', MAX_SUBTAGS) : [];
  while (subtags.length > 0) {
    const range = subtags.join('-');
    const found = available.find((one) => one.locale.toLowerCase() === range);
    if (found) return found;
    subtags.pop();
    // A single-character subtag, such as `-x-`, is meaningless without what follows it.
    if (subtags.at(-1)?.length === 1) subtags.pop();
  }
  return available[0];
}

/** The language that the request prefers among these (RFC 9110, section 12.5.4), or undefined. */
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

/** Replaces `{name}` by its value, or by nothing if it has none. */
export function fillIn(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}
