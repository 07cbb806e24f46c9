const SharedRuntime = require('../../test/support/runtime.cjs');

const LIBRARY = /\/libs\/mfa\/src\//;

/** The runtime of the suite, which can load the library anew for one file, and keeps the packages: for mutants that act while modules load. */
module.exports = class MutationRuntime extends SharedRuntime {
  constructor(...args) {
    super(...args);
    if (process.env.MFA_MUTATION_FRESH) this.setAside = this.takeOutLibrary();
  }

  /** None: nobody reads where a test failed, and finding that out takes longer than most tests. */
  getSourceMaps() {
    return new Map();
  }

  teardown() {
    super.teardown();
    if (!this.setAside) return;
    // What was loaded with the mutant goes, and the rest is as if it had not been.
    this.takeOutLibrary();
    for (const [registry, modules] of this.setAside) for (const [key, one] of modules) registry.set(key, one);
    this.setAside = undefined;
  }

  /** @returns the modules of the library that were loaded, by registry */
  takeOutLibrary() {
    const { moduleRegistry, esModuleRegistry } = this.registries;
    return [moduleRegistry, esModuleRegistry].map((registry) => {
      const modules = [...registry.entries()].filter(([key]) => LIBRARY.test(key));
      for (const [key] of modules) registry.delete(key);
      return [registry, modules];
    });
  }
};
