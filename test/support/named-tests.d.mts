/** The tests that a page names, as `path/to/one.spec.ts › title`. */
export function namedTestsOf(text: string): string[];

/** What a title of `it.each()` becomes: each placeholder may be anything. */
export function patternOf(title: string): RegExp;

interface SpecResult {
  testFilePath: string;
  testResults: readonly { status: string; title: string; ancestorTitles: readonly string[] }[];
}

/** Those of the named tests of which a run has the spec, and none that passed. */
export function notRun(names: readonly string[], results: readonly SpecResult[]): string[];
