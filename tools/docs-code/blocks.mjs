import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../support/built.mjs';

/** Every page that readers copy code from. */
function pages() {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md') && !/(^|\/)(node_modules|dist)\//.test(name))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`);
  return ['README.md', 'CONTRIBUTING.md', ...inDocs.sort()];
}

/**
 * The blocks of TypeScript and JavaScript of all pages, in the order in which they are read.
 *
 * @returns {{ page: string, line: number, language: 'ts' | 'tsx' | 'js', code: string }[]}
 */
export function codeBlocks() {
  return pages().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    return [...text.matchAll(/^( *)```(tsx?|js)\n(.*?)^ *```/gms)].map(
      ({ index, 1: indent, 2: language, 3: code }) => ({
        page,
        line: text.slice(0, index).split('\n').length + 1,
        language,
        code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      }),
    );
  });
}

/** Without indentation, which is another where a method stands alone, and with the names that applications of the tests have. */
const flat = (code) =>
  code
    .replaceAll('extends TestAdapter', 'extends DefaultMfaAdapter')
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();

const tested = readdirSync(join(ROOT, 'test'), { recursive: true })
  .filter((name) => /\.tsx?$/.test(name) && !/(^|\/)dist\//.test(name))
  .map((name) => flat(readFileSync(join(ROOT, 'test', name), 'utf8')));

/** Whether a file of the tests has it, word for word: it is compiled there, and run. */
export const isTested = (code) => tested.some((text) => text.includes(flat(code)));
