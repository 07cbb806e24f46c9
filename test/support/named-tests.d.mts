/** The tests that a page names, as `path/to/one.spec.ts › title`. */
export function namedTestsOf(text: string): string[];

/** A pattern for titles of `it.each()`: each placeholder matches anything. */
export function patternOf(title: string): RegExp;

interface SpecResult {
  testFilePath: string;
  testResults: readonly { status: string; title: string; ancestorTitles: readonly string[] }[];
}

/** The named tests whose spec ran without any of them passing. */
export function notRun(names: readonly string[], results: readonly SpecResult[]): string[];
