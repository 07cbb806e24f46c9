/** The tests that mutants run against. */
export const SPECS = ['<rootDir>/libs/mfa/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'];

/**
 * Excluded: tests of built code, a browser or other processes, which contain no mutants, or slow tests of what others
 * cover too.
 */
export const isLeftOut = [
  '/test/(browser|cli|client|demo|docs|fit|attacks|model|opentelemetry|schema)/',
  '/test/(floor-plan|recipes|troubleshooting)',
  '/test/storage/servers',
  // Reads the sources, which mutants change.
  '/test/core/hashes',
  '/test/engine/races',
  '/libs/mfa/src/(schematics|cli|browser|attacks|i18n|pages|testing|opentelemetry|terminus|schema)/',
];
