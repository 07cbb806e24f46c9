/** Whom to ask, as the adapter says, and where that leads; null: it is a text like any other. */
export interface SupportContact {
  text: string;
  href: string | null;
}

const SCHEMES = ['https:', 'http:', 'mailto:', 'tel:'];

/** Reads what `getSupportContact` said: addresses of these kinds and paths of the same site are links. */
export function readSupportContact(contact: string): SupportContact {
  const text = contact.replace(/\p{Cc}+/gu, ' ').trim();
  if (/^\/(?![/\\])\S*$/.test(text)) return { text, href: text };
  const isLink = /^\S+$/.test(text) && URL.canParse(text) && SCHEMES.includes(new URL(text).protocol);
  return { text: text.replace(/^(mailto|tel):/i, ''), href: isLink ? text : null };
}
