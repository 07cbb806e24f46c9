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

/**
 * Node's own environment, where what is built in is fast to get at, and which lets go of what a test file stored in AsyncLocalStorage. Node before 24 keeps
 * every storage that was ever used in one list, and walks it for each promise of the process: the sixtieth file of a worker would take half as long again.
 */
export default class Environment extends TestEnvironment {
  storages = new Set();
  originals = new Map();

  async setup() {
    await super.setup();
    runInContext(BUILT_INS, this.context);
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
