import { readFileSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';

const FOLDER = 'docs/security';

/** Text between backticks that names a test. Markdown needs double backticks if the title contains any. */
const NAMED = /(`+) ?((?:libs|test)\/\S+\.spec\.ts › .+?) ?\1(?!`)/g;

export function namedTestsOf(text) {
  return [...text.matchAll(NAMED)].map(([, , name = '']) => name);
}

/** A pattern for titles of `it.each()`: each placeholder matches anything. */
export function patternOf(title) {
  const parts = title.split(/%[sdifjopPO#]|\$\w+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

/**
 * The named tests whose spec ran without any of them passing.
 *
 * @param results Jest's result for each spec
 */
export function notRun(names, results) {
  return names.filter((name) => {
    const [file, ...titles] = name.split(' › ');
    const spec = results.find(({ testFilePath }) => relative(process.cwd(), testFilePath) === file);
    // Specs that were left out of this run, or failed to load, which is reported anyway.
    if (!spec || spec.testResults.length === 0) return false;
    const patterns = titles.map(patternOf);
    return !spec.testResults.some(({ status, title, ancestorTitles }) => {
      const path = [...ancestorTitles, title].slice(-patterns.length);
      return status === 'passed' && patterns.every((pattern, index) => pattern.test(path[index] ?? ''));
    });
  });
}

/** A reporter that fails the run if a test named by the pages on security didn't run. */
export default class NamedTests {
  #problem;

  constructor({ testNamePattern }) {
    this.isWhole = !testNamePattern;
  }

  onRunComplete(_contexts, { testResults }) {
    // `-t` leaves tests out on purpose.
    if (!this.isWhole) return;
    const names = readdirSync(FOLDER).flatMap((page) =>
      namedTestsOf(readFileSync(`${FOLDER}/${page}`, 'utf8')),
    );
    const missing = notRun([...new Set(names)], testResults);
    if (missing.length === 0) return;
    this.#problem = new Error(
      `${FOLDER} names tests that have not passed in this run:\n${missing.join('\n')}`,
    );
    process.stderr.write(`\n${this.#problem.message}\n`);
  }

  getLastError() {
    return this.#problem;
  }
}
