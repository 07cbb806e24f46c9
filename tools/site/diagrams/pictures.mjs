import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PICTURES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const FENCE = /^```mermaid\n(.*?)^```$/gms;

/** Tells whether a picture is that of this source. */
export const digestOf = (source) => createHash('sha256').update(source).digest('hex').slice(0, 16);

/** The diagrams of a page, which stands in that place on the site, each with the name of its picture. */
export const diagramsOf = (text, place) =>
  [...text.matchAll(FENCE)].map(([, source], index) => ({
    source,
    name: `${place.replaceAll('/', '-')}-${index + 1}.svg`,
  }));

/**
 * Puts pictures in the place of diagrams, which are drawn by a program in the browser otherwise: pages are to be read without.
 *
 * @throws where a picture is missing or older than its diagram
 */
export function withPictures(text, place) {
  const up = '../'.repeat(place.split('/').length - 1) || './';
  const names = diagramsOf(text, place);
  return text.replaceAll(FENCE, () => {
    const { source, name } = names.shift();
    if (!existsSync(PICTURES + name) || !readFileSync(PICTURES + name, 'utf8').includes(digestOf(source)))
      throw new Error(
        `docs/images/${name} is not the diagram of the page any more: node tools/site/diagrams/draw.mjs`,
      );
    return `<div class="picture"><img src="${up}images/${name}" alt="${altOf(source)}"></div>`;
  });
}

/** The diagram in words: its labels, for those who don't see it. */
const altOf = (source) =>
  [...source.matchAll(/"([^"]+)"/g)].map(([, label]) => label.replaceAll(/[<>&]/g, '')).join('; ') ||
  'Diagram; the text below says the same';
