import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { LEVELS } from '../tools/lint/levels.mjs';

const SOURCES = 'libs/mfa/src';

describe('the floor plan', () => {
  it('stands in docs/architecture.md as the linter holds it', () => {
    const shown = readFileSync('docs/architecture.md', 'utf8').matchAll(/^ {4}(\S+) {2,}(.+)$/gm);
    expect([...shown].map(([, folder, what]) => [folder, what])).toEqual(LEVELS);
  });

  it('names each folder with sources once, and no other', () => {
    const folders = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath).slice(SOURCES.length + 1) || '.');
    expect(LEVELS.map(([folder]) => folder).sort()).toEqual([...new Set(folders)].sort());
  });
});
