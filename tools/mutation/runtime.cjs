const SharedRuntime = require('../../test/support/runtime.cjs');

const LIBRARY = /\/libs\/mfa\/src\//;

/** The runtime of the suite, which can forget the library and keep the packages: for mutants that act while modules load. */
module.exports = class MutationRuntime extends SharedRuntime {
  forgetLibrary() {
    const { moduleRegistry, esModuleRegistry } = this.registries;
    for (const registry of [moduleRegistry, esModuleRegistry]) {
      for (const key of registry.keys()) if (LIBRARY.test(key)) registry.delete(key);
    }
  }

  begin(testPath) {
    super.begin(testPath);
    if (process.env.MFA_MUTATION_FRESH) this.forgetLibrary();
  }
};
