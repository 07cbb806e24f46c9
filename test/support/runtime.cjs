const { default: Runtime } = require('jest-runtime');

/**
 * The files whose modules stay from one test file to the next: packages, and the sources of the library. What belongs to the tests begins anew.
 */
const KEPT = /\/(node_modules|test\/fit\/dist|libs\/mfa\/src)\//;

/** The runtimes by their environment. */
const runtimes = new WeakMap();

/**
 * Jest's own runtime, which keeps what it has loaded for the next test file of the worker. Jest loads everything anew for each file, and loading Nest,
 * TypeORM and the library takes longer than most files' tests do: a third of the suite's time.
 *
 * It leans on how jest-runtime is made (30.5). Should a later one be made otherwise, take `runtime` out of jest.config.js: the suite is as right, and slower.
 */
module.exports = class SharedRuntime extends Runtime {
  constructor(...args) {
    const environment = args[1];
    const former = runtimes.get(environment);
    if (former) {
      former.begin(args[6]);
      return former;
    }
    super(...args);
    if (environment.keepsModules) runtimes.set(environment, this);
  }

  begin(testPath) {
    this._testPath = testPath;
    this.esmLoader.testPath = testPath;
    this.executor.testPath = testPath;
    this.testState.state = 'loading';
  }

  teardown() {
    if (!this._environment.keepsModules) return super.teardown();
    this.restoreAllMocks();
    const { registries } = this;
    registries.exitIsolated();
    registries.mockRegistry.clear();
    registries.moduleMockRegistry.clear();
    registries.internalModuleRegistry.clear();
    for (const registry of [registries.moduleRegistry, registries.esModuleRegistry]) {
      for (const key of registry.keys()) if (!isKept(key)) registry.delete(key);
    }
    this.testMainModule.reset();
    this.mockState.clear();
    this.jestGlobals.clearJestObjectCache();
    this.loggedReferenceErrors.clear();
    this.testState.teardown();
  }
};

function isKept(key) {
  const isFile = key.startsWith('file:') || key.startsWith('/');
  return isFile
    ? KEPT.test(key) && !key.endsWith('.spec.ts')
    : key.startsWith('core:') || key.startsWith('node:');
}
