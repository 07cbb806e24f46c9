import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'node-html-parser';

import { WWW } from '../serve.mjs';

/** Headings that every class member has: they belong to the member above. */
const PARTS =
  /^(Accessors|Call Signature|Constructors|Default Value|Enumeration Members|Examples?|Extended by|Extends|Implements|Implementation of|Indexable|Inherited from|Methods|Overrides|Parameters|Properties|Returns|Throws|Type Declaration|Type Parameters)$/;
/** The reference is searched by name, so the first sentences are enough. */
const API_TEXT = 400;

const plain = (text) =>
  text
    .replaceAll('\u200B', '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?:· )+(?=·|$)/g, '')
    .trim();

/** The visible text, with different cells and lines separated. */
function textOf(node) {
  if (node.nodeType === 3) return node.text;
  if (node.classNames?.includes('header-anchor') || node.classNames === 'lang') return '';
  const text = node.childNodes.map(textOf).join('');
  if (/^T[DH]$/.test(node.tagName ?? '')) return `${text} · `;
  return /^(P|LI|TR|DIV|PRE|H\d|BR)$/.test(node.tagName ?? '') ? `${text} ` : text;
}

function sectionsOf(name) {
  const html = readFileSync(join(WWW, name), 'utf8');
  const content = parse(html, { blockTextElements: { pre: false, script: true, style: true } }).querySelector(
    '.vp-doc h1',
  )?.parentNode;
  const isApi = name.startsWith('api/');
  const sections = [];
  let titles = [];
  for (const node of content?.childNodes ?? []) {
    const level = Number(/^H([1-4])$/.exec(node.tagName ?? '')?.[1] ?? 0);
    const title = level > 0 ? plain(textOf(node)) : '';
    if (level > 0 && !(isApi && (level > 3 || PARTS.test(title)))) {
      titles = [...titles.slice(0, isApi ? 1 : level - 1), title];
      const anchor = sections.length === 0 ? '' : `#${node.getAttribute('id')}`;
      sections.push({
        path: name.replace(/(^|\/)index\.html$/, '$1') + anchor,
        titles: titles.filter(Boolean),
        text: '',
      });
    } else if (sections.length > 0) sections.at(-1).text += textOf(node);
  }
  return sections.map((section) => {
    const text = plain(section.text);
    return { ...section, text: isApi ? text.slice(0, API_TEXT) : text };
  });
}

/** Writes the data that the search loads, next to the pages. */
export function writeSections() {
  const pages = readdirSync(WWW, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && name !== '404.html');
  writeFileSync(join(WWW, 'search.json'), JSON.stringify(pages.flatMap(sectionsOf)));
}
