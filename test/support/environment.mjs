import { AsyncLocalStorage } from 'node:async_hooks';
import { runInContext } from 'node:vm';

import { TestEnvironment } from 'jest-environment-node';

const METHODS = ['run', 'enterWith'];

/**
 * Of what is built in, all that no test replaces (fake timers do replace Date and Intl). Jest's sandbox looks a global up through a proxy each time that it
 * is used, which takes fifty times as long as any other variable does, and Nest, TypeORM and drawing a QR code do it a lot. A `const` comes before it.
 */
const BUILT_INS = `const {
  Object, Function, Array, Boolean, Number, BigInt, String, Symbol, RegExp, JSON, Math, Map, Set, WeakMap, WeakSet, WeakRef, Promise, Proxy, Reflect,
  Error, AggregateError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, ArrayBuffer, Uint8Array, Buffer, process,
  parseInt, parseFloat, isNaN, isFinite, encodeURIComponent, decodeURIComponent,
} = this;`;

/** What the test files of this worker run in, one after another. */
let shared;

/**
 * Node's own environment, where what is built in is fast to get at, which the test files of a worker share (runtime.cjs says why), and which lets go of what
 * a test file stored in AsyncLocalStorage. Node before 24 keeps every storage that was ever used in one list, and walks it for each promise of the process:
 * the sixtieth file of a worker would take half as long again.
 *
 * A file that changes what others would find (the tables' names, say) asks for an environment and modules of its own, in the comment that it begins with:
 * `@jest-environment-options {"ownModules": true}`.
 */
export default class Environment extends TestEnvironment {
  constructor(config, context) {
    const { watch, watchAll, collectCoverage } = config.globalConfig;
    // Who watches changes the files, and what is covered is counted from the loading of a file on. On servers it was not tried as a whole.
    const isAsJest = watch || watchAll || collectCoverage || process.env.MFA_TEST_DATABASE !== undefined;
    const keepsModules = !isAsJest && !config.projectConfig.testEnvironmentOptions.ownModules;
    if (keepsModules && shared) return shared;
    super(config, context);
    runInContext(BUILT_INS, this.context);
    this.keepsModules = keepsModules;
    if (keepsModules) shared = this;
  }

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
    this.storages.clear();
    if (!this.keepsModules) await super.teardown();
  }
}
