// Makes the pages of the site out of the repository's: docs/ as it is, README.md in two, and one page of all error codes.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withPictures } from './diagrams/pictures.mjs';
import { errorPage } from './error-page.mjs';
import { OUTLINE } from './outline.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(HERE, '../..');
export const PAGES = join(HERE, 'dist/pages');

const read = (path) => readFileSync(join(ROOT, path), 'utf8');

/** Where pages of the repository stand on the site, by their paths without `.md`. */
const MOVED = {
  'docs/README': 'index',
  README: 'start',
  SECURITY: 'reporting',
  CHANGELOG: 'changelog',
  CONTRIBUTING: 'contributing',
};
const placeOf = (source) => MOVED[source] ?? source.replace(/^docs\//, '');

/** What pages lead to that is no page. */
const FILES = ['docs/openapi.json', 'docs/monitoring/grafana-dashboard.json'];

const TITLES = new Map(OUTLINE.flatMap(({ pages }) => pages));

/** Nobody who reads the site sees files, so links that are called as their file are called as the page. */
const titleOf = (label, place) => (/^([\w./-]+\.md|README)$/.test(label) ? TITLES.get(place) : label);

/**
 * Links between pages go on working; those to sources, which the site has not, become the text that they were. Text that is shown
 * on another page than its own, at `place`, leads back to its own page's headings.
 */
function relink(text, source, place = placeOf(source)) {
  return text.replaceAll(/(?<!!)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (whole, label, target) => {
    if (/^(https?:|mailto:)/.test(target)) return whole;
    if (target.startsWith('#'))
      return place === placeOf(source) ? whole : `[${label}](${toPage(place, placeOf(source))}${target})`;
    const [path, anchor] = target.split('#');
    const found = posix.normalize(posix.join(posix.dirname(source), path));
    if (found === 'README.md' && anchor === 'options') return `[${label}](${toPage(place, 'options')})`;
    if (found.endsWith('.md') && existsSync(join(ROOT, found))) {
      const to = placeOf(found.slice(0, -3));
      return `[${titleOf(label, to)}](${toPage(place, to)}${anchor ? `#${anchor}` : ''})`;
    }
    if (FILES.includes(found))
      return `[${label}](${posix.relative(posix.dirname(place), posix.basename(found))})`;
    if (!existsSync(join(ROOT, found)))
      throw new Error(`${source}.md links to ${target}, which is not there`);
    return label;
  });
}

const toPage = (from, to) =>
  `${posix.join(posix.relative(posix.dirname(from), posix.dirname(to)), posix.basename(to))}.md`;

/** What is wider than a column of text: such pages do without the list of their headings beside it. */
const WIDE_ROW = /^\|.{140,}\|$/m;

function write(place, text) {
  const file = join(PAGES, `${place}.md`);
  mkdirSync(dirname(file), { recursive: true });
  const frontmatter = WIDE_ROW.test(text) && !text.startsWith('---') ? '---\naside: false\n---\n\n' : '';
  writeFileSync(file, frontmatter + text);
}

function stageDocs() {
  const sources = readdirSync(join(ROOT, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/').slice(0, -3)}`);
  const listed = new Set(OUTLINE.flatMap(({ pages }) => pages.map(([page]) => page)));
  for (const source of sources) {
    if (!listed.has(placeOf(source))) throw new Error(`${source}.md has no place in tools/site/outline.mjs`);
    const text = withPictures(relink(read(`${source}.md`), source), placeOf(source));
    write(
      placeOf(source),
      source === 'docs/README'
        ? `${home()}\n${text.replace(/^# .*\n/, '').replace(/What do you have\? /, '')}`
        : text,
    );
  }
}

const home = () => readFileSync(join(HERE, 'home.md'), 'utf8');

function stageReadme() {
  const [before, rest] = relink(read('README.md'), 'README').split('\n## Options\n');
  const at = rest.indexOf('\n## Compatibility\n');
  const pictures = before.replaceAll('src="docs/images/', 'src="./images/');
  write('start', `${pictures.replace(/^# .*/, '# Quick start')}${rest.slice(at)}`);
  write('options', `# Options\n${rest.slice(0, at)}`);
}

export function stage() {
  rmSync(PAGES, { recursive: true, force: true });
  stageDocs();
  stageReadme();
  for (const source of ['SECURITY', 'CHANGELOG', 'CONTRIBUTING'])
    write(placeOf(source), relink(read(`${source}.md`), source));
  write(
    'errors',
    errorPage(
      relink(read('docs/troubleshooting.md'), 'docs/troubleshooting', 'errors'),
      read('docs/http-api.md'),
    ),
  );
  cpSync(join(ROOT, 'docs/images'), join(PAGES, 'images'), { recursive: true });
  mkdirSync(join(PAGES, 'public'), { recursive: true });
  for (const file of FILES) cpSync(join(ROOT, file), join(PAGES, 'public', posix.basename(file)));
}
