import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import {
  isMfaSkipped,
  isOnceOn,
  ownRequirements,
  requirementOn,
  requirementsOf,
  setRequirements,
  setSkipped,
  unknownTypesOn,
} from './guard-metadata.js';

const callOf = (handler: object, controller: object) =>
  ({ getHandler: () => handler, getClass: () => controller }) as unknown as ExecutionContext;

const target = () => class {};
const requiring = (...requirements: Parameters<typeof setRequirements>[1]) => {
  const one = target();
  setRequirements(one, requirements);
  return one;
};
const skipped = () => {
  const one = target();
  setSkipped(one);
  return one;
};

describe('what decorators say of one class or handler', () => {
  it('is nothing where none stands', () => {
    const one = target();
    expect(ownRequirements(one)).toEqual([]);
    expect(requirementOn(one)).toBeUndefined();
    expect(unknownTypesOn(one)).toEqual([]);
    expect(isOnceOn(one)).toBe(false);
  });

  it('is nothing where it is skipped', () => {
    expect(requirementOn(skipped())).toBeUndefined();
    expect(unknownTypesOn(skipped())).toEqual([]);
    expect(isOnceOn(skipped())).toBe(false);
  });

  it('is all that was demanded', () => {
    const one = requiring({ maxAge: 60 }, { methods: ['totp'] });
    expect(ownRequirements(one)).toEqual([{ maxAge: 60 }, { methods: ['totp'] }]);
    expect(requirementOn(one)).toMatchObject({ maxAge: 60, methods: ['totp'] });
  });

  it('is not what a base class says', () => {
    class Derived extends requiring({ methods: ['totp'] }) {}
    expect(ownRequirements(Derived)).toEqual([]);
  });

  it('cannot be both', () => {
    expect(() => ownRequirements(skipped())).toThrow(TypeError);
    expect(() => setSkipped(requiring({}))).toThrow('contradict each other');
    expect(() => setSkipped(skipped())).not.toThrow();
  });

  it.each([
    [[{ once: true }], true],
    [[{ once: true }, { maxAge: 60 }], true],
    [[{ maxAge: 60 }, { once: true }], true],
    [[{ once: false }], false],
    [[{ maxAge: 60 }], false],
  ])('of %j spends the proof: %p', (requirements, isOnce) => {
    expect(isOnceOn(requiring(...requirements))).toBe(isOnce);
  });

  it('tells the types that there are not, and which part names them', () => {
    const pigeon = 'pigeon' as 'totp';
    expect(unknownTypesOn(requiring({ methods: ['totp'] }))).toEqual([]);
    expect(unknownTypesOn(requiring({ methods: ['totp', pigeon] }))).toEqual([
      { part: 'methods', type: pigeon },
    ]);
    expect(unknownTypesOn(requiring({ maxAge: 60 }, { allOf: ['totp', pigeon] }))).toEqual([
      { part: 'allOf', type: pigeon },
    ]);
    expect(unknownTypesOn(requiring({ methods: [pigeon], allOf: ['totp'] }))).toEqual([
      { part: 'methods', type: pigeon },
    ]);
  });
});

describe('what holds for a call', () => {
  const reflector = new Reflector();

  it('is what stands nearest', () => {
    const [strict, lax] = [requiring({ maxAge: 60 }), requiring({ maxAge: 900 })];
    expect(requirementsOf(reflector, callOf(strict, lax))).toEqual([{ maxAge: 60 }]);
    expect(requirementsOf(reflector, callOf(target(), lax))).toEqual([{ maxAge: 900 }]);
    expect(requirementsOf(reflector, callOf(strict, skipped()))).toEqual([{ maxAge: 60 }]);
    expect(requirementsOf(reflector, callOf(skipped(), strict))).toBeNull();
    expect(requirementsOf(reflector, callOf(target(), target()))).toEqual([]);
  });

  it('is skipped only where no requirement is nearer', () => {
    expect(isMfaSkipped(reflector, callOf(skipped(), requiring({})))).toBe(true);
    expect(isMfaSkipped(reflector, callOf(target(), skipped()))).toBe(true);
    expect(isMfaSkipped(reflector, callOf(requiring({}), skipped()))).toBe(false);
    expect(isMfaSkipped(reflector, callOf(target(), target()))).toBe(false);
  });
});
