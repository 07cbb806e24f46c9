import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { anchorOf, optionsIn } from './options-page.mjs';
import { TITLES } from './outline.mjs';
import { slugOf } from './slug.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The paths on the site of repository pages that move, without `.md`. */
const MOVED = {
  'docs/README': 'index',
  README: 'start',
  SECURITY: 'reporting',
  CHANGELOG: 'changelog',
  CONTRIBUTING: 'contributing',
};
export const placeOf = (source) => MOVED[source] ?? source.replace(/^docs\//, '');

/** Link targets that aren't pages. */
export const FILES = ['docs/openapi.json', 'docs/monitoring/grafana-dashboard.json'];

const toPage = (from, to) =>
  `${posix.join(posix.relative(posix.dirname(from), posix.dirname(to)), posix.basename(to))}.md`;

/** The heading that an anchor on a repository page refers to, or the page's title. */
function titleOf(source, anchor) {
  const headings = readFileSync(join(ROOT, source), 'utf8').matchAll(/^#{1,4} (.*)$/gm);
  const found = [...headings].find(([, heading]) => slugOf(heading) === anchor);
  return found?.[1] ?? TITLES.get(placeOf(source.slice(0, -3)));
}

/**
 * Readers of the site don't see files, so links labeled with a file name get the title of their target instead, in
 * italics to set it apart from the sentence.
 */
const labelOf = (label, source, anchor) =>
  /^([\w./-]+\.md|README)$/.test(label) ? `_${titleOf(source, anchor)}_` : label;

/**
 * Adjusts links between pages for the site. Links to sources, which the site doesn't have, become plain text. Text
 * shown on another page than its own, at `place`, links back to its own page's headings.
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

/** Turns paths in running text into links to their pages, as in an editor. */
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

/**
 * Links options to their descriptions, once per chapter of a page. Single-word names are skipped, since they may mean
 * something else.
 */
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
