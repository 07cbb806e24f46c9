import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { anchorOf, optionsIn } from './options-page.mjs';
import { TITLES } from './outline.mjs';
import { slugOf } from './slug.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where pages of the repository stand on the site, by their paths without `.md`. */
const MOVED = {
  'docs/README': 'index',
  README: 'start',
  SECURITY: 'reporting',
  CHANGELOG: 'changelog',
  CONTRIBUTING: 'contributing',
};
export const placeOf = (source) => MOVED[source] ?? source.replace(/^docs\//, '');

/** What pages lead to that is no page. */
export const FILES = ['docs/openapi.json', 'docs/monitoring/grafana-dashboard.json'];

const toPage = (from, to) =>
  `${posix.join(posix.relative(posix.dirname(from), posix.dirname(to)), posix.basename(to))}.md`;

/** The heading of a page of the repository that an anchor leads to, or the title of the page. */
function titleOf(source, anchor) {
  const headings = readFileSync(join(ROOT, source), 'utf8').matchAll(/^#{1,4} (.*)$/gm);
  const found = [...headings].find(([, heading]) => slugOf(heading) === anchor);
  return found?.[1] ?? TITLES.get(placeOf(source.slice(0, -3)));
}

/**
 * Nobody who reads the site sees files, so links that are called as their file are called as what they lead to: in italics, so that
 * a sentence can be told from the title in it.
 */
const labelOf = (label, source, anchor) =>
  /^([\w./-]+\.md|README)$/.test(label) ? `_${titleOf(source, anchor)}_` : label;

/**
 * Links between pages go on working; those to sources, which the site has not, become the text that they were. Text that is shown
 * on another page than its own, at `place`, leads back to its own page's headings.
 */
export function relink(text, source, place = placeOf(source)) {
  const linked = text.replaceAll(
    /(?<!!)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
    (whole, label, target) => {
      if (/^(https?:|mailto:)/.test(target)) return whole;
      if (target.startsWith('#'))
        return place === placeOf(source) ? whole : `[${label}](${toPage(place, placeOf(source))}${target})`;
      const [path, anchor] = target.split('#');
      const found = posix.normalize(posix.join(posix.dirname(source), path));
      if (found === 'README.md' && anchor === 'options') return `[${label}](${toPage(place, 'options')})`;
      if (found.endsWith('.md') && existsSync(join(ROOT, found))) {
        const to = toPage(place, placeOf(found.slice(0, -3)));
        return `[${labelOf(label, found, anchor)}](${to}${anchor ? `#${anchor}` : ''})`;
      }
      if (FILES.includes(found))
        return `[${label}](${posix.relative(posix.dirname(place), posix.basename(found))})`;
      if (!existsSync(join(ROOT, found)))
        throw new Error(`${source}.md links to ${target}, which is not there`);
      return label;
    },
  );
  return linkPaths(linked, place);
}

/** Paths in running text lead to their page, as they do in an editor. */
export const linkPaths = (text, place) =>
  text.replaceAll(/(?<=[\s(])(docs\/[\w/-]+\.md)(?=[\s),.;:])/g, (path) =>
    existsSync(join(ROOT, path))
      ? `[${labelOf(path, path)}](${toPage(place, placeOf(path.slice(0, -3)))})`
      : path,
  );

const OPTIONS = new Set(
  optionsIn(
    readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## Options\n')[1].split('\n## ')[0],
  ).filter((name) => /[.A-Z]/.test(name)),
);

/** Options lead to what they mean, once in each chapter of a page; those that are called by a plain word may mean something else. */
export function linkOptions(text, place) {
  const chapters = text.split(/^(?=## )/m);
  return chapters.map((chapter) => linkOptionsIn(chapter, place)).join('');
}

function linkOptionsIn(chapter, place) {
  const seen = new Set();
  const skipped = /^```[^]*?^```|^#.*|(?<!`)``(?!`).*?``(?!`)|\[[^\]]*\]\([^)]*\)|`([\w.]+)`/gm;
  return chapter.replaceAll(skipped, (whole, name) => {
    if (!OPTIONS.has(name) || seen.has(name)) return whole;
    seen.add(name);
    return `[${whole}](${toPage(place, 'options')}#${anchorOf(name)})`;
  });
}
