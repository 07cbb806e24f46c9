import { describe, expect, it } from '@jest/globals';

import { methodWithin, wrapMethod } from './wrap-method.js';

class Adder {
  constructor(readonly start: number) {}

  add(...given: number[]): number {
    return given.reduce((sum, one) => sum + one, this.start);
  }
}

describe('a wrapped method', () => {
  it('is run by what is around it, with its object and what it was given', () => {
    const [one, other] = [new Adder(1), new Adder(10)];
    const seen: unknown[] = [];
    const unwrap = wrapMethod(one, 'add', (given, work) => {
      const result = work();
      seen.push([...given, result]);
      return result;
    });
    expect([one.add(2, 3), other.add(2)]).toEqual([6, 12]);
    expect(seen).toEqual([[2, 3, 6]]);
    // Neither a spread nor a serializer of the application sees it.
    expect(Object.keys(one)).toEqual(['start']);
    unwrap();
    expect([one.add(2), seen.length, Object.hasOwn(one, 'add')]).toEqual([3, 1, false]);
  });

  it('is found within its wrapper, which may be replaced', () => {
    const adder = new Adder(1);
    const original: unknown = Reflect.get(adder, 'add');
    expect(methodWithin(adder, 'add')).toBe(original);
    expect(methodWithin(adder, 'missing')).toBeUndefined();
    wrapMethod(adder, 'add', (_, work) => work());
    expect(Reflect.get(adder, 'add')).not.toBe(original);
    expect(methodWithin(adder, 'add')).toBe(original);
    adder.add = () => 7;
    expect(adder.add()).toBe(7);
  });

  it('is found within the wrapper of another copy of this module', () => {
    const original = () => 'original';
    const wrapper = Object.assign(() => 'wrapped', { [Symbol.for('nestjs-mfa:WRAPPED_METHOD')]: original });
    expect(methodWithin({ add: wrapper }, 'add')).toBe(original);
  });

  it('gives its place back to what the object had of its own', () => {
    const adder = Object.defineProperty(new Adder(1), 'add', { configurable: true, value: () => 42 });
    const unwrap = wrapMethod(adder, 'add', (_, work) => Number(work()) + 1);
    expect(adder.add()).toBe(43);
    unwrap();
    expect(adder.add()).toBe(42);
    expect(Object.getOwnPropertyDescriptor(adder, 'add')).toMatchObject({ writable: false });
  });
});
