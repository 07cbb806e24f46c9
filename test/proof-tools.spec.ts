import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const source = (file: string) => readFileSync(join(ROOT, 'libs/mfa/src', file), 'utf8');

interface Protection {
  name: string;
  edits: readonly { file: string; from: string; to: string }[];
}

interface Equivalent {
  file: string;
  code: string;
  original: string;
}

describe('what the tools look for in the sources', () => {
  it('is there: each protection that is taken out, once', async () => {
    const tool = (await import(join(ROOT, 'tools/take-out/protections.mjs'))) as {
      PROTECTIONS: readonly Protection[];
    };
    const counts = tool.PROTECTIONS.flatMap(({ name, edits }) =>
      edits.map(({ file, from }) => ({ name, count: source(file).split(from).length - 1 })),
    );
    expect(counts.length).toBeGreaterThan(20);
    expect(counts).toEqual(counts.map(({ name }) => ({ name, count: 1 })));
  });

  it('is there: each equivalent mutant', () => {
    const file = join(ROOT, 'tools/mutation/equivalents.json');
    const equivalents = JSON.parse(readFileSync(file, 'utf8')) as readonly Equivalent[];
    const lost = equivalents.filter(({ file, code, original }) => {
      const text = source(file);
      return !text.includes(code) || !text.includes(original);
    });
    expect(equivalents.length).toBeGreaterThan(20);
    expect(lost).toEqual([]);
  });
});
