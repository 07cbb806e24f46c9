import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { Linter } from 'eslint';

import { LEVELS } from '../tools/lint/levels.mjs';
import { EXCEPTIONS, NAMES, noFactorName } from '../tools/lint/no-factor-name.mjs';

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

describe('the names of factors', () => {
  const problemsOf = (file: string, source: string) =>
    new Linter({ cwd: process.cwd() })
      .verify(
        source,
        {
          files: ['**/*.ts'],
          plugins: { house: { rules: { named: noFactorName } } },
          rules: { 'house/named': 'error' },
        },
        { filename: join(process.cwd(), SOURCES, file) },
      )
      .map(({ message }) => message);

  it('are those that the factors declare', () => {
    expect([...NAMES]).toEqual(
      expect.arrayContaining(['totp', 'webauthn', 'recovery_codes', 'recovery_code']),
    );
  });

  it.each([
    "const isApp = type === 'totp';",
    "const LABELS = { webauthn: 'Key' };",
    'const type = `recovery_codes`;',
    "if (methods.includes('recovery_code')) warn();",
  ])('stand in no general folder: %s', (source) => {
    expect(problemsOf('engine/users/any.ts', source)).toEqual([expect.stringContaining('is a factor')]);
    expect(problemsOf('factors/totp/any.ts', source)).toEqual([]);
    expect(problemsOf('pages/templates/webauthn/any.ts', source)).toEqual([]);
  });

  it('have exceptions that something needs', () => {
    const sources = readdirSync(SOURCES, { recursive: true })
      .map(String)
      .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.spec.ts'));
    const named = new RegExp(`\\b(${[...NAMES].join('|')})\\b`);
    for (const [files, why] of EXCEPTIONS) {
      const using = sources.filter(
        (file) => files.test(file) && named.test(readFileSync(join(SOURCES, file), 'utf8')),
      );
      expect([why, using.length > 0]).toEqual([why, true]);
    }
  });
});
