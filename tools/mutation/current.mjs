/**
 * What the worker's runner and the tests' environment share: the runner says what the next spec file is run for, the environment how it went. Both are
 * outside of the sandbox of the tests, and so load this module once.
 */
export const current = {
  /** The places of the tests to be run, in the order of the file; null: all. */
  tests: null,
  /** Whether the rest of the file is left out after the first failure. */
  stopsEarly: true,
  /** Whether the library is loaded anew. */
  isFresh: false,
  /** The first failure: which test, -1 where it was in none. */
  failure: null,
  durations: [],
  names: [],
};

/** What the instrumented sources read: which mutant is active, and where they count what they ran through. */
export const switches = {
  activeMutant: null,
  currentTestId: undefined,
  hitCount: 0,
  hitLimit: Infinity,
  mutantCoverage: { static: {}, perTest: {} },
};
