import { defineConfig } from 'vitepress';

import { OUTLINE } from '../outline.mjs';
import { slugOf } from '../slug.mjs';

const linkTo = (page) => (page === 'index' ? '/' : `/${page.replace(/index$/, '')}`);

/** A column without a heading has none, instead of an empty one. */
function plainEmptyHeadings(md) {
  const tagOf = (tokens, at) => (tokens[at + 1].content === '' ? 'td' : 'th');
  md.renderer.rules.th_open = (tokens, at, options, _, self) => {
    tokens[at].tag = tagOf(tokens, at);
    tokens[at + 2].tag = tokens[at].tag;
    return self.renderToken(tokens, at, options);
  };
}

/** Code that is set in by spaces gets the same frame as any other, in which it is scrolled. */
function frameIndentedCode(md) {
  md.renderer.rules.code_block = (tokens, at, options, env, self) =>
    md.renderer.rules.fence(tokens, at, options, env, self);
}

/** Items of a checklist have a box in front of them instead of a point. */
function boxChecklists(md) {
  md.core.ruler.before('inline', 'box_checklists', ({ tokens }) => {
    for (const [at, token] of tokens.entries()) {
      if (token.type !== 'list_item_open' || !tokens[at + 2]?.content.startsWith('[ ] ')) continue;
      token.attrSet('class', 'to-check');
      tokens[at + 2].content = tokens[at + 2].content.slice(4);
    }
  });
}

const seenIn = ({ content }) => content.replaceAll(/[`*]|<[^>]*>|\]\([^)]*\)/g, '').trim();

/** Text in a cell that asks for a line of its own on a phone. */
const LONG_CELL = 28;

/**
 * What a phone makes of tables of three columns and more: rows with sentences in them are shown below each other as cards, each cell
 * with the heading of its column, which it says here; a matrix of short words is scrolled.
 */
function labelCells(md) {
  // Without this the tag is one of VitePress, which leaves classes out.
  md.renderer.rules.table_open = (tokens, at, options, _, self) => {
    tokens[at].attrSet('tabindex', '0');
    return self.renderToken(tokens, at, options);
  };
  md.core.ruler.push('label_cells', ({ tokens }) => {
    let table;
    for (const [at, token] of tokens.entries()) {
      if (token.type === 'table_open') table = { token, heads: [], cell: 0 };
      if (token.type === 'th_open') table.heads.push(seenIn(tokens[at + 1]));
      if (token.type === 'tr_open') table.cell = 0;
      if (token.type !== 'td_open' || table.heads.length < 3) continue;
      if (table.cell === 0) table.token.attrSet('class', table.token.attrGet('class') ?? 'matrix');
      else {
        token.attrSet('data-head', table.heads[table.cell]);
        if (seenIn(tokens[at + 1]).length > LONG_CELL) table.token.attrSet('class', 'cards');
      }
      table.cell += 1;
    }
  });
}

export default defineConfig({
  srcDir: 'dist/pages',
  outDir: 'dist/www',
  cacheDir: 'dist/cache',
  base: process.env.SITE_BASE ?? '/',
  // The demo's own address.
  ignoreDeadLinks: 'localhostLinks',
  lang: 'en',
  title: 'nestjs-mfa',
  description:
    'Multi-factor authentication for NestJS: TOTP, passkeys, security keys, recovery codes, step-up.',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      plainEmptyHeadings(md);
      labelCells(md);
      frameIndentedCode(md);
      boxChecklists(md);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Concepts', link: '/concepts' },
      { text: 'Options', link: '/options' },
      { text: 'Error codes', link: '/errors' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: OUTLINE.map(({ text, pages }) => ({
      text,
      items: pages.map(([page, title]) => ({ text: title, link: linkTo(page) })),
    })),
    outline: [2, 3],
  },
});
