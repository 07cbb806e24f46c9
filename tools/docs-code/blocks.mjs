import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../support/built.mjs';

/** Every page with code that readers copy. */
function pages() {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md') && !/(^|\/)(node_modules|dist)\//.test(name))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`);
  return ['README.md', 'CONTRIBUTING.md', ...inDocs.sort()];
}

/**
 * The TypeScript and JavaScript blocks of all pages, in reading order.
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

/** Normalizes indentation, which differs for a method shown on its own, and the names used by test applications. */
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

/** Whether a test file contains it word for word, where it is compiled and run. */
export const isTested = (code) => tested.some((text) => text.includes(flat(code)));
