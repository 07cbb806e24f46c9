import { AsyncLocalStorage } from 'node:async_hooks';
import { runInContext } from 'node:vm';

import { TestEnvironment } from 'jest-environment-node';

const METHODS = ['run', 'enterWith'];

/**
 * Built-ins that no test replaces (fake timers do replace Date and Intl). Jest's sandbox looks up globals through a
 * proxy on every use, which takes fifty times as long as for other variables, and Nest, TypeORM and QR code rendering
 * do it a lot. A `const` shadows the global.
 */
const BUILT_INS = `const {
  Object, Function, Array, Boolean, Number, BigInt, String, Symbol, RegExp, JSON, Math, Map, Set, WeakMap, WeakSet, WeakRef, Promise, Proxy, Reflect,
  Error, AggregateError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, ArrayBuffer, Uint8Array, Buffer, process,
  parseInt, parseFloat, isNaN, isFinite, encodeURIComponent, decodeURIComponent,
} = this;`;

/** The environment of this worker's test files, one after another. */
let shared;

/**
 * Node's environment, with fast access to built-ins, which the test files of a worker share (runtime.cjs says why), and
 * which releases what a test file stored in AsyncLocalStorage. Node.js before 24 keeps every storage ever used in one
 * list, and walks it for each promise of the process: the sixtieth file of a worker would take half as long again.
 *
 * A file that changes what others would see, such as the names of the tables, requests its own environment and modules
 * in the comment at its beginning: `@jest-environment-options {"ownModules": true}`.
 */
export default class Environment extends TestEnvironment {
  constructor(config, context) {
    const { watch, watchAll, collectCoverage } = config.globalConfig;
    // Watch mode changes files, and coverage is counted from when a file is loaded.
    const isAsJest = watch || watchAll || collectCoverage;
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
