import { AsyncLocalStorage } from 'node:async_hooks';

import { TestEnvironment } from 'jest-environment-node';

const METHODS = ['run', 'enterWith'];

/**
 * Node's own environment, which also lets go of what a test file stored in AsyncLocalStorage. Node before 24 keeps every storage that was ever used in one
 * list, and walks it for each promise of the process: the sixtieth file of a worker would take half as long again.
 */
export default class Environment extends TestEnvironment {
  storages = new Set();
  originals = new Map();

  async setup() {
    await super.setup();
    const { storages } = this;
    for (const method of METHODS) {
      const original = AsyncLocalStorage.prototype[method];
      this.originals.set(method, original);
      AsyncLocalStorage.prototype[method] = function (...args) {
        storages.add(this);
        return original.apply(this, args);
      };
    }
  }

  async teardown() {
    for (const [method, original] of this.originals) AsyncLocalStorage.prototype[method] = original;
    for (const storage of this.storages) storage.disable();
    await super.teardown();
  }
}
