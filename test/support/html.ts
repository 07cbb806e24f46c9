import type { HTMLElement, Node } from 'node-html-parser';
import { NodeType, parse } from 'node-html-parser';

/** A page as a browser without JavaScript reads it. */
export function parseHtml(html: string): HTMLElement {
  return parse(html, { blockTextElements: { script: true, style: true } });
}

/** What that attribute says, of every element that has it and fits the selector. */
export function attributesOf(html: string, name: string, selector = `[${name}]`): string[] {
  return parseHtml(html)
    .querySelectorAll(selector)
    .map((element) => element.getAttribute(name))
    .filter((value) => value !== undefined);
}

/** What that attribute says, of the first element that has it and fits the selector; empty when there is none. */
export function attributeOf(html: string, name: string, selector?: string): string {
  return attributesOf(html, name, selector)[0] ?? '';
}

/** Whatever the page links to or loads. */
export function addressesOf(html: string): string[] {
  return [...attributesOf(html, 'href'), ...attributesOf(html, 'src')];
}

/** The hidden fields of the first form of a page that sends something. */
export function hiddenFields(html: string): Record<string, string> {
  const fields =
    parseHtml(html).querySelector('form[method=post]')?.querySelectorAll('input[type=hidden]') ?? [];
  return Object.fromEntries(
    fields.map((field) => [field.getAttribute('name') ?? '', field.getAttribute('value') ?? '']),
  );
}

/** The secret of an authenticator app that is being set up. */
export function secretOf(html: string): string {
  return attributesOf(html, 'data-mfa-copy').find((text) => /^[A-Z2-7]+$/.test(text)) ?? '';
}

/** The recovery codes that a page shows. */
export function codesOf(html: string): string[] {
  return parseHtml(html)
    .querySelectorAll('code')
    .map(({ text }) => text)
    .filter((text) => /^\d{8}$/.test(text));
}

/** The text that readers see. */
export function textOf(html: string): string {
  const page = parseHtml(html);
  for (const element of page.querySelectorAll('noscript, script, style')) element.remove();
  return textsOf(page.querySelector('body') ?? page)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function textsOf(node: Node): string[] {
  return node.nodeType === NodeType.TEXT_NODE ? [node.text] : node.childNodes.flatMap(textsOf);
}

/** The text of a piece of markup that holds none: `&amp;` is `&`. */
export function unescapeHtml(text: string): string {
  return parseHtml(`<p>${text}</p>`).text;
}
