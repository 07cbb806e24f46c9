import type { HTMLElement, Node } from 'node-html-parser';
import { NodeType, parse } from 'node-html-parser';

/** Parses a page the way a browser without JavaScript does. */
export function parseHtml(html: string): HTMLElement {
  return parse(html, { blockTextElements: { script: true, style: true } });
}

/** The values of an attribute, from every element that has it and matches the selector. */
export function attributesOf(html: string, name: string, selector = `[${name}]`): string[] {
  return parseHtml(html)
    .querySelectorAll(selector)
    .map((element) => element.getAttribute(name))
    .filter((value) => value !== undefined);
}

/** The value of an attribute from the first element that has it and matches the selector; empty if there is none. */
export function attributeOf(html: string, name: string, selector?: string): string {
  return attributesOf(html, name, selector)[0] ?? '';
}

/** Every URL that the page links to or loads. */
export function addressesOf(html: string): string[] {
  return [...attributesOf(html, 'href'), ...attributesOf(html, 'src')];
}

/** The hidden fields of the page's first POST form. */
export function hiddenFields(html: string): Record<string, string> {
  const fields =
    parseHtml(html).querySelector('form[method=post]')?.querySelectorAll('input[type=hidden]') ?? [];
  return Object.fromEntries(
    fields.map((field) => [field.getAttribute('name') ?? '', field.getAttribute('value') ?? '']),
  );
}

/** The secret on the page that sets up an authenticator app. */
export function secretOf(html: string): string {
  return attributesOf(html, 'data-mfa-copy').find((text) => /^[A-Z2-7]+$/.test(text)) ?? '';
}

/** The recovery codes on a page. */
export function codesOf(html: string): string[] {
  return parseHtml(html)
    .querySelectorAll('code')
    .map(({ text }) => text)
    .filter((text) => /^\d{8}$/.test(text));
}

/** The visible text. */
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

/** Decodes entities in text: `&amp;` becomes `&`. */
export function unescapeHtml(text: string): string {
  return parseHtml(`<p>${text}</p>`).text;
}
