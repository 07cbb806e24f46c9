import { cleanName } from '../../core/users/authenticator-name.js';
import { fillIn } from '../../i18n/choose-texts.js';
import { ENGLISH_MESSAGE } from '../../i18n/en.js';
import type { MfaLocaleTexts } from '../../i18n/locale-texts.js';

/** What a message with a code holds. */
interface MessageFacts {
  site: string;
  code: string;
  ttlSeconds: number;
}

/** The text that brings a code, in one language: one paragraph, so that it fits a short message too. */
export function writeMessage(texts: MfaLocaleTexts, { site, code, ttlSeconds }: MessageFacts): string {
  const minutes = String(Math.max(1, Math.floor(ttlSeconds / 60)));
  return fillIn(texts.message ?? ENGLISH_MESSAGE, { site: cleanName(site), code, minutes });
}
