import base from '../../jest.config.js';
import { SPECS, isLeftOut } from './specs.mjs';

/** Jest's configuration in a worker of tools/mutation.mjs, which has already run the global setup. */
export default {
  ...base,
  rootDir: new URL('../..', import.meta.url).pathname,
  globalSetup: undefined,
  globalTeardown: undefined,
  reporters: [],
  runner: '<rootDir>/tools/mutation/runner.mjs',
  runtime: '<rootDir>/tools/mutation/runtime.cjs',
  testEnvironment: '<rootDir>/tools/mutation/environment.mjs',
  testMatch: SPECS,
  testPathIgnorePatterns: ['/node_modules/', ...isLeftOut],
  // A mutant that makes a test wait forever shouldn't make us wait as long as a busy database may take.
  testTimeout: 8000,
};
