const { default: Runtime } = require('jest-runtime');

/**
 * Files whose modules are kept from one test file to the next: packages, and the library's sources. Test code is loaded
 * again.
 */
const KEPT = /\/(node_modules|test\/fit\/dist|libs\/mfa\/src)\//;

/** The runtime of each environment. */
const runtimes = new WeakMap();

/**
 * Jest's runtime, except that it keeps loaded modules for the worker's next test file. Jest reloads everything for each
 * file, and loading Nest, TypeORM and the library takes longer than the tests of most files: a third of the suite's
 * time.
 *
 * It relies on internals of jest-runtime (30.5). If a later version differs, remove `runtime` from jest.config.js: the
 * suite is then just as correct, but slower.
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
