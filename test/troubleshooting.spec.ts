import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { MFA_ERRORS } from 'nestjs-mfa';

const SOURCES = 'libs/mfa/src';
const page = readFileSync('docs/troubleshooting.md', 'utf8');

/** The first cell of each row below that heading. */
function firstCells(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  const rows = [...text.matchAll(/^\| (.*?) +\|/gm)].map(([, cell = '']) => cell).slice(2);
  return rows.map((cell) => /^(`+) ?(.*?) ?\1$/.exec(cell)?.[2] ?? cell);
}

describe('docs/troubleshooting.md', () => {
  it('has every code with its status, and no other', () => {
    expect(firstCells('It answers with an error').sort()).toEqual(Object.keys(MFA_ERRORS).sort());
    for (const [code, { status }] of Object.entries(MFA_ERRORS)) {
      expect(page).toMatch(new RegExp(`^\\| \`${code}\` +\\| ${status} `, 'm'));
    }
  });

  it('quotes what stops a boot as the sources say it', () => {
    const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(options|module|schema|pages|engine|secrets|factors).*\.ts$/.test(name))
      .map((name) => readFileSync(`${SOURCES}/${name}`, 'utf8').replaceAll('\\`', '`'))
      .join('\n');
    const quoted = firstCells('It does not start');
    expect(quoted.length).toBeGreaterThan(20);
    for (const message of quoted) expect(sources).toContain(message);
  });
});

describe('docs/http-api.md', () => {
  it('has every code once, beside its status', () => {
    const [, table = ''] = readFileSync('docs/http-api.md', 'utf8').split('\n## Errors\n');
    const rows = [...table.matchAll(/^\| (\d{3}) +\| (.*?) +\|/gm)];
    const told = rows.flatMap(([, status, codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${status}`),
    );
    const known = Object.entries(MFA_ERRORS).map(([code, { status }]) => `${code} ${status}`);
    expect(told.sort()).toEqual(known.sort());
  });
});
