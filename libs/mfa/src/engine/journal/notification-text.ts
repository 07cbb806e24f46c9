import escapeHtml from 'escape-html';

import type { MfaNotification } from '../../core/users/notification.js';
import type { SupportContact } from '../../core/users/support-contact.js';
import { cleanName } from '../../core/users/authenticator-name.js';
import { fillIn } from '../../i18n/choose-texts.js';
import { factorLabel } from '../../i18n/factor-label.js';
import type { MfaLocaleTexts } from '../../i18n/locale-texts.js';
import { describeBrowser } from '../../i18n/describe-browser.js';
import { pageTextsOf } from '../../i18n/fill-text.js';
import { shownAddress } from '../../i18n/shown-address.js';
import { ENGLISH_MESSAGE } from '../../i18n/en.js';

type Facts = Omit<MfaNotification, 'locale' | 'subject' | 'text' | 'html'>;

/** Matches text that mail programs turn into a link, such as a domain at the end of a sentence; but no address of a mailbox. */
const LINK =
  /:\/\/|\bwww\.|(?<![@\p{L}\p{M}\p{N}-]|[\p{L}\p{M}\p{N}-]\.)(?:[\p{L}\p{M}\p{N}-]+\.)+(?:xn--[a-z\d-]+|[\p{L}\p{M}]{2,})(?!\.?[\p{L}\p{M}\p{N}@-])/iu;

/**
 * Writes a notification in one language: what happened, when and from where, and what to do if it was a stranger. Values that a
 * stranger may have chosen can't add headers, lines or links to the mail.
 *
 * @param support whom to contact, according to the adapter
 */
export function writeNotification(
  facts: Facts,
  site: string,
  texts: MfaLocaleTexts,
  support: SupportContact | null = null,
): Pick<MfaNotification, 'locale' | 'subject' | 'text' | 'html'> {
  const { locale, notifications, details } = texts;
  const ip = shownAddress(facts.ip);
  const values = {
    // A subject is a single line.
    site: cleanName(site),
    name: nameIn(facts, texts),
    remaining: facts.remaining?.toString(),
    time: momentIn(locale, facts.at),
    from: facts.from === undefined ? undefined : momentIn(locale, facts.from),
    ip: ip ?? undefined,
    userAgent: browserIn(facts.userAgent, texts),
  };
  const { subject, text } = notifications[facts.type];
  const paragraphs = [
    [fillIn(text, values)],
    [
      fillIn(details.time, values),
      ...(ip ? [fillIn(details.ip, values)] : []),
      ...(facts.userAgent ? [fillIn(details.userAgent, values)] : []),
    ],
    [fillIn(details.repudiation, values)],
  ];
  const plain = paragraphs.map((lines) => lines.join('\n'));
  const marked = paragraphs.map((lines) => `<p>${lines.map(escapeHtml).join('<br>')}</p>`);
  const { support: line, mailPage } = pageTextsOf(texts);
  if (facts.url !== undefined) {
    plain.push(fillIn(mailPage, { url: facts.url }));
    const link = markContact({ text: facts.url, href: facts.url });
    marked.push(`<p>${escapeHtml(mailPage).replace('{url}', () => link)}</p>`);
  }
  if (support) {
    plain.push(fillIn(line, { contact: support.text }));
    marked.push(`<p>${escapeHtml(line).replace('{contact}', () => markContact(support))}</p>`);
  }
  return {
    locale,
    subject: fillIn(subject, values),
    text: plain.join('\n\n'),
    html: marked.join('\n'),
  };
}

function momentIn(locale: string, at: number): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone: 'UTC' }).format(
    at,
  );
}

/** A relative path is useless in a mail, so it is not linked. */
function markContact({ text, href }: SupportContact): string {
  if (href === null || href.startsWith('/')) return escapeHtml(text);
  return `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`;
}

/** The authenticator's name, or only its kind if the name could turn into a link. */
function nameIn({ authenticatorName = '', authenticatorType }: Facts, texts: MfaLocaleTexts): string {
  const name = cleanName(authenticatorName);
  if (!LINK.test(name) || !authenticatorType) return name;
  return factorLabel(authenticatorType, { locale: texts.locale, texts: pageTextsOf(texts) });
}

function browserIn(userAgent: string | null, texts: MfaLocaleTexts): string {
  const { devicesName, devicesUnknown } = pageTextsOf(texts);
  const { browser, system } = describeBrowser(userAgent);
  return browser && system ? fillIn(devicesName, { browser, system }) : (browser ?? system ?? devicesUnknown);
}

/** The content of a message with a code. */
interface MessageFacts {
  site: string;
  code: string;
  ttlSeconds: number;
}

/** Writes the message with a code in one language, as a single paragraph so that it also fits a text message. */
export function writeMessage(texts: MfaLocaleTexts, { site, code, ttlSeconds }: MessageFacts): string {
  const minutes = String(Math.max(1, Math.floor(ttlSeconds / 60)));
  return fillIn(texts.message ?? ENGLISH_MESSAGE, { site: cleanName(site), code, minutes });
}
