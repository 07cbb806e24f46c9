import MiniSearch from 'minisearch';

import { FILLERS, SYNONYMS, WEIGHTS } from './words.mjs';

const RESULTS = 20;
/** One page must not crowd out the others. */
const PER_PAGE = 2;
const EXCERPT = 150;

const fillers = new Set(FILLERS.split(' '));
const wordsOf = (text) =>
  text
    .toLowerCase()
    .replaceAll(/['’]s?\b/g, '')
    .match(/[\p{L}\p{N}_]+/gu) ?? [];
/** Stems a word: "deleting" and "deleted" match "delete". */
const stemOf = (word) => (word.length > 4 ? word.replace(/(?:ing|ed|es|e|s)$/, '') : word);

/** The stems of the meaningful words in a question; of all words if there are only fillers. */
function stemsIn(text) {
  const all = wordsOf(text);
  const told = all.filter((word) => !fillers.has(word));
  return (told.length > 0 ? told : all).map(stemOf);
}
const namesIn = (list) => list.split(', ').map(stemsIn);

/**
 * Splits identifiers: both the whole and its parts are indexed, so that "cross_origin" finds `cross_origin`, and "grace
 * period" `gracePeriodSeconds`.
 */
function termsOf(text) {
  return (text.match(/[\p{L}\p{N}_]+/gu) ?? []).flatMap((word) => {
    const parts = word.split(/_+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u).filter(Boolean);
    return parts.length > 1 ? [word, ...parts] : [word];
  });
}

/** Synonyms by the stems of their words: "lock out" and "lockout" also mean "locked". */
const synonyms = SYNONYMS.flatMap(([names, meant]) => {
  const alternatives = namesIn(meant);
  return namesIn(names).map((name) => ({ name, alternatives }));
}).sort((one, other) => other.name.length - one.name.length);

/** The things a question asks about, each with all its names. */
function thingsIn(question) {
  let words = stemsIn(question);
  const things = [];
  while (words.length > 0) {
    const known = synonyms.find(({ name }) => name.every((word, at) => word === words[at]));
    const name = known?.name ?? words.slice(0, 1);
    things.push({ name, alternatives: known?.alternatives ?? [] });
    words = words.slice(name.length);
  }
  return things;
}

/** The top of a page ranks higher than sections further down. */
const weightOf = (path) =>
  (WEIGHTS.find(([start]) => path.startsWith(start))?.[1] ?? 1) * (path.includes('#') ? 1 : 1.5);

/**
 * Builds an index over the sections of all pages: `path` including the anchor, `titles` from the page's down to its
 * own, and `text`.
 */
export async function openIndex(sections) {
  const index = new MiniSearch({
    idField: 'path',
    fields: ['title', 'above', 'text'],
    tokenize: termsOf,
    processTerm: (term) => stemOf(term.toLowerCase()),
    extractField: (section, field) => {
      if (field === 'title') return section.titles.at(-1);
      return field === 'above' ? section.titles.slice(0, -1).join(' ') : section[field];
    },
    searchOptions: {
      tokenize: (term) => [term],
      processTerm: (term) => term,
      combineWith: 'AND',
      boost: { title: 5, above: 2, text: 1 },
      boostDocument: weightOf,
    },
  });
  // In batches, so that the page stays responsive.
  await index.addAllAsync(sections, { chunkSize: 100 });
  return { index, byPath: new Map(sections.map((section) => [section.path, section])) };
}

/** Finds sections with all words of a name, scored by the mean over its words, so that long names don't rank higher. */
const searchName = (index, name, options) =>
  index
    .search({ queries: name }, options)
    .map(({ id, score, match }) => ({ id, score: score / name.length ** 2, terms: Object.keys(match) }));

/** Finds sections about one thing, by path. If none of its names occurs anywhere, assumes a typo. */
function searchThing(index, { name, alternatives }) {
  const prefix = (term) => term.length > 2;
  const found = new Map();
  const take = ({ id, score, terms }, weight) => {
    const one = found.get(id);
    found.set(id, {
      score: Math.max(score * weight, one?.score ?? 0),
      terms: [...terms, ...(one?.terms ?? [])],
    });
  };
  for (const one of searchName(index, name, { prefix })) take(one, 1);
  for (const other of alternatives) for (const one of searchName(index, other, { prefix })) take(one, 0.7);
  if (found.size === 0)
    for (const one of searchName(index, name, { fuzzy: (term) => term.length > 3 && 0.2 })) take(one, 1);
  return found;
}

/** Returns the best sections first: those with everything asked for come before those with some of it. */
export function find({ index, byPath }, question) {
  const things = thingsIn(question);
  const found = new Map();
  for (const thing of things) {
    for (const [path, { score, terms }] of searchThing(index, thing)) {
      const one = found.get(path) ?? { score: 0, things: 0, terms: [] };
      found.set(path, {
        score: one.score + score,
        things: one.things + 1,
        terms: [...one.terms, ...terms],
      });
    }
  }
  const perPage = new Map();
  return [...found]
    .map(([path, one]) => ({ path, ...one, score: one.score * (one.things / things.length) ** 3 }))
    .sort((one, other) => other.score - one.score)
    .filter(({ path }) => {
      const [page] = path.split('#');
      perPage.set(page, (perPage.get(page) ?? 0) + 1);
      return perPage.get(page) <= PER_PAGE;
    })
    .slice(0, RESULTS)
    .map(({ path, terms, score }) => {
      const { titles, text } = byPath.get(path);
      return { path, titles, score, excerpt: excerptOf(text, terms) };
    });
}

/** The line of a text with the most terms, split so that odd positions are the terms. */
function excerptOf(text, terms) {
  const words = terms.map((term) => term.replaceAll(/[^\p{L}\p{N}_]/gu, ''));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])((?:${words.join('|')})[\\p{L}\\p{N}]*)`, 'giu');
  const hits = [...text.matchAll(pattern)];
  const inReach = (from) =>
    new Set(
      hits
        .filter(({ index }) => index >= from && index < from + EXCERPT - 30)
        .map(([word]) => stemOf(word.toLowerCase())),
    ).size;
  const best = hits.reduce(
    (one, { index }) => (inReach(index) > inReach(one) ? index : one),
    hits[0]?.index ?? 0,
  );
  const from = best < 40 ? 0 : text.lastIndexOf(' ', best - 30) + 1;
  const cut = text.length > from + EXCERPT ? text.lastIndexOf(' ', from + EXCERPT) : text.length;
  return `${from > 0 ? '… ' : ''}${text.slice(from, cut)}${cut < text.length ? ' …' : ''}`.split(pattern);
}
