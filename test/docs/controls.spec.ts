import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { namedTestsOf, notRun } from '../support/named-tests.mjs';
import { controlsOf, readTests, testsOf, threatsOf } from './controls.js';

const FOLDER = 'docs/security';
const PAGES = readdirSync(FOLDER).sort();
/** These have no controls: the one has threats, the other is about packages, and the linter holds it (tools/supply-chain.mjs). */
const OTHER_PAGES = ['supply-chain.md', 'threat-model.md'];
const PAGES_OF_CONTROLS = PAGES.filter((name) => !OTHER_PAGES.includes(name));

const readPage = (name: string): string => readFileSync(`${FOLDER}/${name}`, 'utf8');

const STATUS =
  /^(met|met under `(aal2|strict|aal3)`|met with `[\w.@()]+`|your application|not applicable|deviation)$/;

describe.each(PAGES)('docs/security/%s', (name) => {
  const page = readPage(name);

  it('names tests that there are, each by its one name, and none that is skipped', () => {
    const problems = [...new Set(namedTestsOf(page))].flatMap((test) => {
      const [file = '', ...titles] = test.split(' › ');
      const found = testsOf(file).filter((path) =>
        titles.every((title, i) => path.at(i - titles.length) === title),
      );
      return found.length === 1 ? [] : [`${test}: ${found.length} tests that always run`];
    });
    expect(problems).toEqual([]);
  });

  it('leads to pages and headings that are there', () => {
    const missing = [...page.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]+))?\)/g)].filter(
      ([, file = '', anchor]) => {
        const path = new URL(file || name, `file:///${FOLDER}/`).pathname.slice(1);
        const text = readFileSync(path, 'utf8');
        const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slugOf(heading));
        return anchor !== undefined && !headings.includes(anchor);
      },
    );
    expect(missing.map(([link]) => link)).toEqual([]);
  });
});

describe.each(PAGES_OF_CONTROLS)('the controls of docs/security/%s', (name) => {
  const page = readPage(name);
  const controls = controlsOf(page);

  it('says of each control how it stands', () => {
    expect(controls.length).toBeGreaterThan(5);
    for (const { control, status, how } of controls) {
      expect([control, status]).toEqual([control, expect.stringMatching(STATUS)]);
      expect([control, how]).not.toEqual([control, '']);
    }
  });

  it('names no test twice for one control', () => {
    for (const { control, tests } of controls)
      expect([control, tests]).toEqual([control, [...new Set(tests)]]);
  });

  it('has a test for whatever is met, or says that there is none and lists it', () => {
    const untested = controls.filter(({ cell }) => cell === 'no test').map(({ control }) => control);
    for (const { control, status, tests, cell } of controls) {
      if (!/^(met|deviation)/.test(status)) continue;
      expect([control, tests.length > 0 || cell === 'no test']).toEqual([control, true]);
    }
    const listed = listOf(page, 'Without a test');
    for (const control of untested) expect(listed).toContain(control);
  });

  it('gives the reason for each deviation', () => {
    const deviations = controls.filter(({ status }) => status === 'deviation').map(({ control }) => control);
    const reasons = listOf(page, 'Deviations');
    for (const control of deviations) expect(reasons).toContain(control);
  });
});

describe('the threats of docs/security/threat-model.md', () => {
  const page = readPage('threat-model.md');
  const threats = threatsOf(page);

  it('each have a number of their own, a kind, a mitigation, and a residual risk', () => {
    expect(threats.length).toBeGreaterThan(100);
    expect(new Set(threats.map(({ id }) => id)).size).toBe(threats.length);
    for (const { id, kind, answer, remains } of threats) {
      expect([id, kind]).toEqual([expect.stringMatching(/^\d+\.\d+$/), expect.stringMatching(/^[STRIDE]$/)]);
      expect([id, answer, remains]).not.toEqual([id, answer, '']);
      expect([id, answer]).not.toEqual([id, '']);
    }
  });

  it('are of all kinds in each flow', () => {
    const kinds = new Map<string, Set<string>>();
    for (const { id, kind } of threats) {
      const [flow = ''] = id.split('.');
      kinds.set(flow, (kinds.get(flow) ?? new Set<string>()).add(kind));
    }
    const lacking = [...kinds].filter(([, found]) => [...'STRIDE'].some((kind) => !found.has(kind)));
    expect(lacking).toEqual([]);
  });

  it('have a test each, and none twice, or are listed without', () => {
    const listed = listOf(page, 'Without a test');
    for (const { id, cell, tests } of threats) {
      expect([id, tests]).toEqual([id, [...new Set(tests)]]);
      expect([id, tests.length > 0 || (cell === 'no test' && listed.includes(id))]).toEqual([id, true]);
    }
  });
});

describe('the list of tests of a spec', () => {
  it('has those that always run, with what they are in', () => {
    const source = `
      describe('a', () => {
        it('b', () => {});
        it.each([1])('c %d', () => {});
        describe.each([1])(\`d\`, () => void it('e', () => {}));
      });
    `;
    expect(readTests('any.spec.ts', source)).toEqual([
      ['a', 'b'],
      ['a', 'c %d'],
      ['a', 'd', 'e'],
    ]);
  });

  it.each([
    "it.skip('a', () => {})",
    "xit('a', () => {})",
    "it.todo('a')",
    "describe.skip('d', () => { it('a', () => {}); })",
    "describe.skip.each([1])('d', () => { it('a', () => {}); })",
    "(hasBrowser ? describe : describe.skip)('d', () => { it('a', () => {}); })",
    "onSqlite('a', () => {})",
    "describeInBrowser('d', () => { it('a', () => {}); })",
    "// it('a', () => {})",
  ])('lacks %s', (source) => {
    expect(readTests('any.spec.ts', source)).toEqual([]);
  });

  it('is empty of what is no spec, or not there', () => {
    expect(testsOf('docs/security.md')).toEqual([]);
    expect(testsOf('test/nothing.spec.ts')).toEqual([]);
  });
});

describe('the reporter', () => {
  const spec = {
    testFilePath: join(process.cwd(), 'test/a.spec.ts'),
    testResults: [
      { status: 'passed', title: 'takes 7', ancestorTitles: ['one'] },
      { status: 'pending', title: 'is left out', ancestorTitles: ['one'] },
    ],
  };

  it.each([
    ['test/a.spec.ts › takes %s', []],
    ['test/a.spec.ts › one › takes 7', []],
    ['test/b.spec.ts › anything', []],
    ['test/a.spec.ts › takes', ['test/a.spec.ts › takes']],
    ['test/a.spec.ts › two › takes 7', ['test/a.spec.ts › two › takes 7']],
    ['test/a.spec.ts › is left out', ['test/a.spec.ts › is left out']],
  ])('knows whether %s has run', (name, missing) => {
    expect(notRun([name], [spec])).toEqual(missing);
  });
});

/** What stands in bold or at the beginning of the items below that heading: the controls that they are about. */
function listOf(page: string, heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  return [...text.matchAll(/^- (?:\*\*(.+?)\*\*|([^:]+):)/gm)].flatMap(([, bold, plain]) =>
    expand((bold ?? plain ?? '').replace(/\.$/, '')),
  );
}

/** `3.5.1, 3.5.2` as the whole and as its parts; a standard that is named before the control is left out. */
function expand(text: string): string[] {
  return [text, ...text.split(/,| and /)].map((part) => part.trim());
}

/** The anchor of a heading, as GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
