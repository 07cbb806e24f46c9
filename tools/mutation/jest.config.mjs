import base from '../../jest.config.js';
import { SPECS, isLeftOut } from './specs.mjs';

/** How Jest runs in a worker of tools/mutation.mjs, which has done the global set-up itself. */
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
  // A mutant that has a test wait for ever should not have us wait for as long as a busy database may take.
  testTimeout: 8000,
};
