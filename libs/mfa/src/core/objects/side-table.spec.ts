import { inspect } from 'node:util';

import { beforeEach, describe, expect, it } from '@jest/globals';

import { SideTable } from './side-table.js';

describe('a side table', () => {
  let table: SideTable<object, string>;
  beforeEach(() => {
    table = new SideTable();
  });

  it('keeps a value for an object, and another when it is told so', () => {
    const owner = {};
    expect(table.get(owner)).toBeUndefined();
    table.set(owner, 'one');
    expect(table.get(owner)).toBe('one');
    table.set(owner, 'other');
    expect(table.get(owner)).toBe('other');
    expect(table.get({})).toBeUndefined();
  });

  it('is one of many: none sees what another keeps', () => {
    const owner = {};
    const other = new SideTable<object, string>();
    table.set(owner, 'one');
    expect(other.get(owner)).toBeUndefined();
    other.set(owner, 'other');
    expect(table.get(owner)).toBe('one');
  });

  it('is on the object, where it is not seen', () => {
    const owner = { a: 1 };
    table.set(owner, 'former');
    table.set(owner, 'secret');
    // Everything would work without this, but at the cost of a WeakMap.
    expect(table).toHaveProperty('elsewhere', undefined);
    const copy = { ...owner };
    expect(table.get(copy)).toBeUndefined();
    expect(Reflect.ownKeys(copy)).toEqual(['a']);
    expect(Reflect.ownKeys(Object.assign({}, owner))).toEqual(['a']);
    expect(owner).toStrictEqual({ a: 1 });
    expect(JSON.stringify(owner)).toBe('{"a":1}');
    expect(structuredClone(owner)).toStrictEqual({ a: 1 });
    const keys: string[] = [];
    for (const key in owner) keys.push(key);
    expect(keys).toEqual(['a']);
  });

  it('takes arrays, functions, and objects without a prototype', () => {
    for (const owner of [[1, 2], () => undefined, Object.create(null) as object]) {
      table.set(owner, 'kept');
      expect(table.get(owner)).toBe('kept');
    }
  });

  it('knows the very object alone, and not one that inherits from it', () => {
    const owner = {};
    table.set(owner, 'owner');
    const heir = Object.create(owner) as object;
    expect(table.get(heir)).toBeUndefined();
    table.set(heir, 'heir');
    expect(table.get(heir)).toBe('heir');
    expect(table.get(owner)).toBe('owner');
  });

  it('knows the very object alone, and not a copy with all that is hidden', () => {
    const owner = {};
    table.set(owner, 'owner');
    const twin = Object.defineProperties({}, Object.getOwnPropertyDescriptors(owner));
    expect(table.get(twin)).toBeUndefined();
    table.set(twin, 'twin');
    table.set(twin, 'still the twin');
    expect(table.get(twin)).toBe('still the twin');
    expect(table.get(owner)).toBe('owner');
  });

  it.each(['proxy', 'target'] as const)(
    'tells a proxy from its target, whichever comes first: the %s',
    (first) => {
      const target = {};
      const both = { target, proxy: new Proxy(target, {}) };
      const second = first === 'proxy' ? 'target' : 'proxy';
      table.set(both[first], first);
      expect(table.get(both[second])).toBeUndefined();
      table.set(both[second], second);
      expect(table.get(both[first])).toBe(first);
      expect(table.get(both[second])).toBe(second);
      table.set(both[first], 'again');
      expect(table.get(both[first])).toBe('again');
      expect(table.get(both[second])).toBe(second);
    },
  );

  it('takes a proxy that has nothing to say, whatever it is asked', () => {
    const table = new SideTable<object, string>();
    const silent = new Proxy({}, { get: () => null });
    expect(table.get(silent)).toBeUndefined();
    table.set(silent, 'kept');
    expect(table.get(silent)).toBe('kept');
  });

  it('takes objects that take no properties', () => {
    for (const owner of [
      Object.freeze({}),
      Object.preventExtensions({}),
      new Proxy({}, { defineProperty: () => false }),
      // Reports success, but returns nothing.
      new Proxy({}, { defineProperty: () => true, get: () => undefined }),
      new Proxy({}, { get: () => () => 'anything' }),
    ]) {
      expect(table.get(owner)).toBeUndefined();
      table.set(owner, 'kept');
      expect(table.get(owner)).toBe('kept');
      table.set(owner, 'anew');
      expect(table.get(owner)).toBe('anew');
    }
  });

  it.each([undefined, null, 'text', 7])('knows nothing of %s', (nobody) => {
    table.set(Object.freeze({}), 'somebody');
    expect(table.get(nobody as never)).toBeUndefined();
    expect(() => table.set(nobody as never, 'kept')).toThrow(TypeError);
  });

  it('believes no object about what is kept for it', () => {
    const owner = new Proxy({}, { get: (_, __, self: unknown) => ({ owner: self, value: 'forged' }) });
    expect(table.get(owner)).toBeUndefined();
  });

  it('goes on with an object that is frozen with all that it holds, and shows nothing to whoever looks', () => {
    const owner = {};
    table.set(owner, 'before');
    for (const key of Reflect.ownKeys(owner)) Object.freeze((owner as Record<PropertyKey, unknown>)[key]);
    Object.freeze(owner);
    table.set(owner, 'after');
    expect(table.get(owner)).toBe('after');
    expect(inspect(owner, { showHidden: true })).not.toContain('after');
  });

  it('gives what it was given, also to a proxy that wraps whatever is read of it', () => {
    const secrets = new SideTable<object, object>();
    const owner = new Proxy({}, { get: (target, key) => new Proxy(Reflect.get(target, key) ?? {}, {}) });
    const value = {};
    secrets.set(owner, value);
    expect(secrets.get(owner)).toBe(value);
  });

  it('goes on with an object that is frozen later', () => {
    const owner = {};
    table.set(owner, 'before');
    Object.freeze(owner);
    table.set(owner, 'after');
    expect(table.get(owner)).toBe('after');
  });

  it('goes on with an object that takes properties only later', () => {
    const traps: ProxyHandler<object> = { defineProperty: () => false };
    const owner = new Proxy({}, traps);
    table.set(owner, 'elsewhere');
    delete traps.defineProperty;
    table.set(owner, 'anew');
    expect(table.get(owner)).toBe('anew');
  });
});
