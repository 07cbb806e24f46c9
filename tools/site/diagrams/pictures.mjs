import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PICTURES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const FENCE = /^```mermaid\n(.*?)^```$/gms;

/** Identifies the source from which a picture was made. */
export const digestOf = (source) => createHash('sha256').update(source).digest('hex').slice(0, 16);

/** A page's diagrams with the names of their pictures; `place` is the page's path on the site. */
export const diagramsOf = (text, place) =>
  [...text.matchAll(FENCE)].map(([, source], index) => ({
    source,
    name: `${place.replaceAll('/', '-')}-${index + 1}.svg`,
  }));

/** The natural width of a picture. */
function widthOf(name) {
  if (name.endsWith('.png')) return readFileSync(PICTURES + name).readUInt32BE(16);
  return Math.round(/ viewBox="\S+ \S+ (\S+)/.exec(readFileSync(PICTURES + name, 'utf8'))[1]);
}

/** A picture in a frame that scrolls when it would be too small to read. */
function framed(name, src, alt) {
  const kind = name.endsWith('.svg') ? 'picture drawn' : 'picture';
  return `<div class="${kind}" tabindex="0"><img src="${src}" alt="${alt}" style="--natural: ${widthOf(name)}px"></div>`;
}

/**
 * Replaces diagrams by pictures, so that pages are readable without the script that would render them in the browser.
 * Existing pictures get the same frame.
 *
 * @throws if a picture is missing or older than its diagram
 */
export function withPictures(text, place) {
  const up = '../'.repeat(place.split('/').length - 1) || './';
  const names = diagramsOf(text, place);
  const pictures = text.replaceAll(/^!\[(.*)\]\((.*images\/(.*))\)$/gm, (_, alt, src, name) =>
    framed(name, src.replace(/^(?!\.)/, './'), alt),
  );
  return pictures.replaceAll(FENCE, () => {
    const { source, name } = names.shift();
    if (!existsSync(PICTURES + name) || !readFileSync(PICTURES + name, 'utf8').includes(digestOf(source)))
      throw new Error(
        `docs/images/${name} is not the diagram of the page any more: node tools/site/diagrams/draw.mjs`,
      );
    return framed(name, `${up}images/${name}`, altOf(source));
  });
}

/** Alternative text for a diagram: its labels. */
const altOf = (source) =>
  [...source.matchAll(/"([^"]+)"/g)].map(([, label]) => label.replaceAll(/[<>&]/g, '')).join('; ') ||
  'Diagram; the text below says the same';
