import escapeHtml from 'escape-html';

import type { MfaNotification } from '../adapter/notification.js';
import { fillIn } from '../i18n/choose-texts.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';

type Facts = Omit<MfaNotification, 'locale' | 'subject' | 'text' | 'html'>;

/** A subject is one line; a name that the user chose must not add headers to a mail. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();

/** The texts of a notification in one language: what happened, when and from where, and what to do if it was a stranger. */
export function writeNotification(
  facts: Facts,
  site: string,
  { locale, notifications, details }: MfaLocaleTexts,
): Pick<MfaNotification, 'locale' | 'subject' | 'text' | 'html'> {
  const values = {
    site: oneLine(site),
    name: oneLine(facts.authenticatorName ?? ''),
    remaining: facts.remaining?.toString(),
    time: new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' }).format(
      facts.at,
    ),
    ip: facts.ip ?? undefined,
    userAgent: facts.userAgent ?? undefined,
  };
  const { subject, text } = notifications[facts.type];
  const paragraphs = [
    [fillIn(text, values)],
    [
      fillIn(details.time, values),
      ...(facts.ip ? [fillIn(details.ip, values)] : []),
      ...(facts.userAgent ? [fillIn(details.userAgent, values)] : []),
    ],
    [fillIn(details.repudiation, values)],
  ];
  return {
    locale,
    subject: fillIn(subject, values),
    text: paragraphs.map((lines) => lines.join('\n')).join('\n\n'),
    html: paragraphs.map((lines) => `<p>${lines.map(escapeHtml).join('<br>')}</p>`).join('\n'),
  };
}
