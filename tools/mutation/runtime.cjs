const SharedRuntime = require('../../test/support/runtime.cjs');

const LIBRARY = /\/libs\/mfa\/src\//;

/**
 * The suite's runtime, with the option of reloading the library for one file while keeping the packages: for mutants
 * that act while modules load.
 */
module.exports = class MutationRuntime extends SharedRuntime {
  constructor(...args) {
    super(...args);
    if (process.env.MFA_MUTATION_FRESH) this.setAside = this.takeOutLibrary();
  }

  /** None: nobody reads where a test failed, and finding out takes longer than most tests. */
  getSourceMaps() {
    return new Map();
  }

  teardown() {
    super.teardown();
    if (!this.setAside) return;
    // Discards what was loaded with the mutant, and restores the rest.
    this.takeOutLibrary();
    for (const [registry, modules] of this.setAside) for (const [key, one] of modules) registry.set(key, one);
    this.setAside = undefined;
  }

  /** @returns the loaded modules of the library, by registry */
  takeOutLibrary() {
    const { moduleRegistry, esModuleRegistry } = this.registries;
    return [moduleRegistry, esModuleRegistry].map((registry) => {
      const modules = [...registry.entries()].filter(([key]) => LIBRARY.test(key));
      for (const [key] of modules) registry.delete(key);
      return [registry, modules];
    });
  }
};
