import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import type { ExecutionContext, Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { ModulesContainer } from '@nestjs/core';

import { REFUSED_MESSAGE_FILTER } from '../refusals/refused-message.filter.js';
import { GatewayGuards, GatewayMfaGuard } from './gateway-guard.js';
import type { GlobalMfaGuard } from './global-mfa.guard.js';

/** Marks a class like `@WebSocketGateway()` does. */
function gateway(...guards: unknown[]): Type {
  class Gateway {}
  Reflect.defineMetadata('websockets:is_gateway', true, Gateway);
  if (guards.length > 0) Reflect.defineMetadata(GUARDS_METADATA, guards, Gateway);
  return Gateway;
}

const guardsOf = (target: object) => Reflect.getMetadata(GUARDS_METADATA, target) as unknown;
const filtersOf = (target: object) => Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, target) as unknown;

const ready = { instance: 'ready' };

/** Modules as Nest represents them: the classes of each, and where it looks up their guards. */
function modulesOf(...parts: { metatype: unknown; isNotMetatype?: boolean }[][]) {
  const modules = parts.map((wrappers) => ({
    providers: new Map<unknown, unknown>(
      wrappers.map(({ metatype, isNotMetatype = false }, index) => [index, { metatype, isNotMetatype }]),
    ),
    injectables: new Map<unknown, unknown>(),
  }));
  modules.push({ providers: new Map([[GatewayMfaGuard, ready]]), injectables: new Map() });
  const container = new Map(modules.map((module, index) => [String(index), module]));
  return { modules, container: container as unknown as ModulesContainer };
}

/**
 * Run for each version of Nest: later ones run global guards before gateways themselves, which would hide that these are
 * missing.
 */
describe('the global guard before gateways', () => {
  it('stands after the guards of the gateway, and its filter before the filters', () => {
    const [own, filter] = [class {}, class {}];
    const guarded = gateway(own);
    Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [filter], guarded);
    new GatewayGuards(modulesOf([{ metatype: guarded }]).container, new GatewayMfaGuard());
    expect(guardsOf(guarded)).toEqual([own, GatewayMfaGuard]);
    expect(filtersOf(guarded)).toEqual([REFUSED_MESSAGE_FILTER, filter]);
  });

  it('stands alone where the gateway has none, and once for several applications', () => {
    const bare = gateway();
    for (let applications = 0; applications < 2; applications += 1) {
      new GatewayGuards(modulesOf([{ metatype: bare }]).container, new GatewayMfaGuard());
    }
    expect(guardsOf(bare)).toEqual([GatewayMfaGuard]);
    expect(filtersOf(bare)).toEqual([REFUSED_MESSAGE_FILTER]);
  });

  it('is the one that is ready, where Nest looks in the modules of gateways', () => {
    const { modules, container } = modulesOf([{ metatype: gateway() }], [{ metatype: class {} }]);
    new GatewayGuards(container, new GatewayMfaGuard());
    expect(modules.map(({ injectables }) => injectables.get(GatewayMfaGuard))).toEqual([
      ready,
      undefined,
      undefined,
    ]);
  });

  it('needs none in a module whose guard is not made yet', () => {
    const guarded = gateway();
    const { modules, container } = modulesOf([{ metatype: guarded }]);
    container.delete('1');
    new GatewayGuards(container, new GatewayMfaGuard());
    expect(modules[0]?.injectables.has(GatewayMfaGuard)).toBe(false);
    expect(guardsOf(guarded)).toEqual([GatewayMfaGuard]);
  });

  it('leaves other classes, factories and values alone', () => {
    const plain = class {};
    const factory = gateway();
    const value = { plain: true };
    const wrappers = [
      { metatype: plain },
      { metatype: factory, isNotMetatype: true },
      { metatype: value },
      { metatype: null },
    ];
    new GatewayGuards(modulesOf(wrappers).container, new GatewayMfaGuard());
    expect([plain, factory, value].map(guardsOf)).toEqual([undefined, undefined, undefined]);
  });

  it('answers what the global guard does, and lets all pass in an application that has none', async () => {
    const context = {} as ExecutionContext;
    const canActivate = jest.fn((_: ExecutionContext) => Promise.resolve(false));
    const global = { canActivate } as unknown as GlobalMfaGuard;
    expect(await new GatewayMfaGuard(global).canActivate(context)).toBe(false);
    expect(canActivate).toHaveBeenCalledWith(context);
    expect(await new GatewayMfaGuard().canActivate(context)).toBe(true);
  });
});
