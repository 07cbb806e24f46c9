// Generates the site's pages from the repository: docs/ as is, README.md split in two, and a page of all error codes.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withPictures } from './diagrams/pictures.mjs';
import { errorPage } from './error-page.mjs';
import { FILES, linkOptions, linkPaths, placeOf, relink } from './links.mjs';
import { optionsPage } from './options-page.mjs';
import { OUTLINE, TITLES } from './outline.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(HERE, '../..');
export const PAGES = join(HERE, 'dist/pages');

const read = (path) => readFileSync(join(ROOT, path), 'utf8');

/** Wider than a column of text: such pages do without the list of headings at the side. */
const WIDE_ROW = /^\|.{140,}\|$/m;

/** Pages that explain options, or their history, and so don't link to them. */
const WITHOUT_OPTIONS = ['options', 'changelog'];

function write(place, text) {
  const file = join(PAGES, `${place}.md`);
  mkdirSync(dirname(file), { recursive: true });
  const frontmatter = WIDE_ROW.test(text) && !text.startsWith('---') ? '---\naside: false\n---\n\n' : '';
  const linked = WITHOUT_OPTIONS.includes(place) ? text : linkOptions(text, place);
  writeFileSync(file, frontmatter + titled(linked, place));
}

/** A page is titled on itself as in menu and links; its own heading may say more. */
function titled(text, place) {
  const title = TITLES.get(place);
  return text.replace(/^# (.*)/m, (heading, own) =>
    own.startsWith(title) || place === 'index' ? heading : `# ${title}`,
  );
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
  // The first page already has the pictures.
  write('start', `${before.replace(/<p>\s*<img[^]*?<\/p>\n+/, '')}${rest.slice(at)}`);
  write('options', optionsPage(rest.slice(0, at)));
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

/** Adapts TypeDoc's output: paths of docs/ become links, and missing descriptions are omitted. */
export function stageApi() {
  const folder = join(PAGES, 'api');
  for (const name of readdirSync(folder, { recursive: true }).filter((one) => one.endsWith('.md'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    const place = `api/${name.replaceAll('\\', '/').slice(0, -3)}`;
    writeFileSync(join(folder, name), linkPaths(text, place).replaceAll(/ - \|$/gm, ' |'));
  }
  // Its list of entry points says less than the table above it.
  const index = join(folder, 'index.md');
  writeFileSync(index, readFileSync(index, 'utf8').split('\n## Modules\n')[0]);
}
