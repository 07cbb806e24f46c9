/** Whom to ask for help, as given by the adapter, and the link to them; null if it is just text. */
export interface SupportContact {
  text: string;
  href: string | null;
}

const SCHEMES = ['https:', 'http:', 'mailto:', 'tel:'];

/** Parses the result of `getSupportContact`: URLs with these schemes and paths of the same site are links. */
export function readSupportContact(contact: string): SupportContact {
  const text = contact.replace(/\p{Cc}+/gu, ' ').trim();
  if (/^\/(?![/\\])\S*$/.test(text)) return { text, href: text };
  const isLink = /^\S+$/.test(text) && URL.canParse(text) && SCHEMES.includes(new URL(text).protocol);
  return { text: text.replace(/^(mailto|tel):/i, ''), href: isLink ? text : null };
}
