import { defineConfig } from 'vitepress';

import { OUTLINE } from '../outline.mjs';
import { slugOf } from '../slug.mjs';

const linkTo = (page) => (page === 'index' ? '/' : `/${page.replace(/index$/, '')}`);

/** Turns empty column headings into ordinary cells. */
function plainEmptyHeadings(md) {
  const tagOf = (tokens, at) => (tokens[at + 1].content === '' ? 'td' : 'th');
  md.renderer.rules.th_open = (tokens, at, options, _, self) => {
    tokens[at].tag = tagOf(tokens, at);
    tokens[at + 2].tag = tokens[at].tag;
    return self.renderToken(tokens, at, options);
  };
}

/** Gives indented code the same scrollable frame as fenced code. */
function frameIndentedCode(md) {
  md.renderer.rules.code_block = (tokens, at, options, env, self) =>
    md.renderer.rules.fence(tokens, at, options, env, self);
}

/** Shows checklist items with a box instead of a bullet. */
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

/** Longer cell text gets its own line on a phone. */
const LONG_CELL = 28;

/**
 * Adapts tables of three or more columns to phones: rows with sentences become cards, in which each cell shows the
 * heading of its column; a matrix of short words scrolls.
 */
function labelCells(md) {
  // Otherwise VitePress renders the tag, and drops classes.
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
  // The demo's own URL.
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
