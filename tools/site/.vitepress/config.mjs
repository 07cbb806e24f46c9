import { defineConfig } from 'vitepress';

import { OUTLINE } from '../outline.mjs';
import { slugOf } from '../slug.mjs';

const linkTo = (page) => (page === 'index' ? '/' : `/${page.replace(/index$/, '')}`);

/** Identifiers whole and in parts, so that both `cross_origin` and "origin" find it. Runs in the browser, out of this file. */
function tokenize(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  return words.flatMap((word) => (word.includes('_') ? [word, ...word.split('_').filter(Boolean)] : [word]));
}

/** Leaves out what questions are full of, and no answer is told by; "deleting" and "deleted" find "delete". */
function processTerm(term) {
  const fillers = 'a an and do does how i in is it my of on the their to what with';
  if (` ${fillers} `.includes(` ${term} `)) return null;
  return term.length > 4 ? term.replace(/(?:ing|ed|es|e|s)$/, '') : term;
}

/** People look for an explanation first, and for the entry of a class or option by its name. */
function boostDocument(id) {
  if (/\/api\//.test(id)) return 0.3;
  return /\/(?:errors|options)\.html/.test(id) ? 2 : 1;
}

/** A column without a heading has none, instead of an empty one. */
function plainEmptyHeadings(md) {
  const tagOf = (tokens, at) => (tokens[at + 1].content === '' ? 'td' : 'th');
  md.renderer.rules.th_open = (tokens, at, options, _, self) => {
    tokens[at].tag = tagOf(tokens, at);
    tokens[at + 2].tag = tokens[at].tag;
    return self.renderToken(tokens, at, options);
  };
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
    config: plainEmptyHeadings,
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
    search: {
      provider: 'local',
      options: {
        detailedView: false,
        miniSearch: {
          options: {
            tokenize,
            processTerm,
          },
          searchOptions: {
            prefix: true,
            fuzzy: 0.15,
            boost: { title: 6, titles: 2, text: 1 },
            combineWith: 'AND',
            boostDocument,
          },
        },
      },
    },
  },
});
