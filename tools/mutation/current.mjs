/**
 * Shared by the worker's runner and the tests' environment: the runner says what the next spec file is run for, the
 * environment how it went. Both are outside the sandbox of the tests, so they load this module only once.
 */
export const current = {
  /** The positions of the tests to run, in file order; null for all. */
  tests: null,
  /** Whether to skip the rest of the file after the first failure. */
  stopsEarly: true,
  /** Whether to reload the library. */
  isFresh: false,
  /** The first failure and its test; -1 if it was outside a test. */
  failure: null,
  durations: [],
  names: [],
};

/** Read by the instrumented sources: the active mutant, and where they count what they run through. */
export const switches = {
  activeMutant: null,
  currentTestId: undefined,
  hitCount: 0,
  hitLimit: Infinity,
  mutantCoverage: { static: {}, perTest: {} },
};
