import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { GUARDS_METADATA, INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { APP_GUARD } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';

import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { GlobalMfaGuard } from './global-mfa.guard.js';
import { HandlerGuards, placesOf } from './handler-guards.js';
import { ASK_AGAIN_GUARD, ASK_AGAIN_INTERCEPTOR } from './judgements.js';
import { RequireMfa, SkipMfa } from './require-mfa.decorator.js';

interface Wrapper {
  token?: unknown;
  metatype?: unknown;
  isNotMetatype?: boolean;
}

/** A module as Nest represents it, with these controllers and providers. */
function modulesOf(controllers: Wrapper[], providers: Wrapper[] = []): ModulesContainer {
  const wrap = (wrappers: Wrapper[]) =>
    new Map(
      wrappers.map(({ token, metatype = null, isNotMetatype = false }, index) => [
        index,
        { token, metatype, isNotMetatype },
      ]),
    );
  return new Map([
    ['0', { controllers: wrap(controllers), providers: wrap(providers) }],
  ]) as unknown as ModulesContainer;
}

const OPTIONS = resolveOptions({ secret: 'a secret of the tests, of 32 bytes or more' });
const AAL3 = { ...OPTIONS, profile: 'aal3' } as ResolvedMfaOptions;

const arrange = (metatype: unknown, providers: Wrapper[] = [], options = OPTIONS) =>
  new HandlerGuards(modulesOf([{ metatype, token: metatype }], providers), options);
const handlerOf = ({ prototype }: Type, name: string) =>
  (prototype as Record<string, object>)[name] as object;
const guardsOf = (handler: object) => (Reflect.getMetadata(GUARDS_METADATA, handler) ?? []) as unknown[];
const interceptorsOf = (handler: object) =>
  (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as unknown[];

class OwnGuard {
  canActivate(): boolean {
    return true;
  }
}

describe('the question whether the user is still who was judged', () => {
  const make = () => {
    @Controller()
    class Shop {
      @Get()
      @RequireMfa()
      guarded(): object {
        return {};
      }

      @Get()
      open(): object {
        return {};
      }

      helper(): object {
        return {};
      }
    }
    return Shop;
  };

  it('comes after a handler’s own guards, and nowhere else', () => {
    const Shop = make();
    arrange(Shop);
    const [guarded, open, helper] = ['guarded', 'open', 'helper'].map((name) => handlerOf(Shop, name)) as [
      object,
      object,
      object,
    ];
    expect(guardsOf(guarded).at(-1)).toBe(ASK_AGAIN_GUARD);
    expect(interceptorsOf(guarded)).toEqual([ASK_AGAIN_INTERCEPTOR]);
    for (const handler of [open, helper]) {
      expect([guardsOf(handler), interceptorsOf(handler)]).toEqual([[], []]);
    }
  });

  it('comes after the guards of a class too', () => {
    @UseGuards(OwnGuard)
    @Controller()
    class Shop {
      @Get()
      open(): object {
        return {};
      }
    }
    arrange(Shop);
    expect(guardsOf(handlerOf(Shop, 'open'))).toEqual([ASK_AGAIN_GUARD]);
  });

  it('stands there once, and last, however often it is arranged', () => {
    const Shop = make();
    arrange(Shop);
    const guarded = handlerOf(Shop, 'guarded');
    const [first] = guardsOf(guarded);
    Reflect.defineMetadata(GUARDS_METADATA, [...guardsOf(guarded), OwnGuard], guarded);
    arrange(Shop);
    expect(guardsOf(guarded)).toEqual([first, OwnGuard, ASK_AGAIN_GUARD]);
    expect(interceptorsOf(guarded)).toEqual([ASK_AGAIN_INTERCEPTOR]);
  });

  it.each<[string, Wrapper]>([
    ['ours', { token: GlobalMfaGuard }],
    ['one of the application’s', { token: `${APP_GUARD} (UUID: 1)` }],
  ])('comes before all handlers where a global guard is there: %s', (_, guard) => {
    const Shop = make();
    arrange(Shop, [{ token: 'other' }, guard, { token: 'another' }]);
    expect(guardsOf(handlerOf(Shop, 'open'))).toEqual([ASK_AGAIN_GUARD]);
    // Without metadata it is no handler.
    expect(guardsOf(handlerOf(Shop, 'helper'))).toEqual([]);
  });

  it('is not put before what only has the name of such a guard in its own', () => {
    const Shop = make();
    arrange(Shop, [{ token: `of ${APP_GUARD}` }]);
    expect(guardsOf(handlerOf(Shop, 'open'))).toEqual([]);
  });

  it('is put before the handlers of providers, and not of what Nest does not build', () => {
    const [Gateway, Factory] = [make(), make()];
    new HandlerGuards(
      modulesOf([], [{ metatype: Gateway }, { metatype: Factory, isNotMetatype: true }, { metatype: null }]),
      OPTIONS,
    );
    expect(guardsOf(handlerOf(Gateway, 'guarded')).at(-1)).toBe(ASK_AGAIN_GUARD);
    expect(guardsOf(handlerOf(Factory, 'guarded'))).not.toContain(ASK_AGAIN_GUARD);
  });

  it('is asked of nothing that has no prototype', () => {
    expect(() => arrange(() => 1)).not.toThrow();
    expect(placesOf(class {})).toHaveLength(1);
    class Two {
      one(): object {
        return {};
      }
      two(): object {
        return {};
      }
    }
    expect(placesOf(Two).map(([name]) => name)).toEqual(['Two', 'Two.one', 'Two.two']);
  });
});

describe('what a route demands, when the application boots', () => {
  const demanding = (...[requirement]: Parameters<typeof RequireMfa>) => {
    @Controller()
    class Bank {
      @Post()
      @RequireMfa(requirement)
      pay(): object {
        return {};
      }
    }
    return Bank;
  };

  it('names factors that there are', () => {
    const pigeon = 'pigeon' as 'totp';
    expect(() => arrange(demanding({ methods: ['totp', pigeon] }))).toThrow(
      /`@RequireMfa\(\{ methods \}\)` on Bank\.pay names `pigeon`, which is not a factor: use one of totp, .*, or add/,
    );
    expect(() => arrange(demanding({ allOf: ['totp', pigeon] }))).toThrow('`@RequireMfa({ allOf })`');
    expect(() => arrange(demanding({ methods: ['totp'] }))).not.toThrow();
  });

  it('names levels that there are', () => {
    expect(() => arrange(demanding({ acr: 'urn:nobody' }))).toThrow('`@RequireMfa({ acr })` on Bank.pay');
    const [level] = Object.keys(OPTIONS.acr);
    expect(() => arrange(demanding({ acr: level as string }))).not.toThrow();
  });

  it('can be met under the profile', () => {
    expect(() => arrange(demanding({ methods: ['totp'] }), [], AAL3)).toThrow(
      'accepts only factors that do not count under profile `aal3`',
    );
    expect(() => arrange(demanding({ methods: ['webauthn'] }), [], AAL3)).not.toThrow();
    expect(() => arrange(demanding({}), [], AAL3)).not.toThrow();
  });

  it('can be met together with its level', () => {
    const phishingResistant = Object.entries(OPTIONS.acr).find(([, { phishingResistant: is }]) => is);
    const acr = phishingResistant?.[0] as string;
    expect(() => arrange(demanding({ methods: ['totp'], acr }))).toThrow(
      `can never be met: no factor fits both \`methods\` and the level \`${acr}\``,
    );
    expect(() => arrange(demanding({ methods: ['webauthn'], acr }))).not.toThrow();
  });

  it('is asked of claims as of sessions', () => {
    const modules = modulesOf([{ metatype: demanding({ acr: 'urn:nobody' }) }]);
    expect(() => new HandlerGuards(modules, null, OPTIONS)).toThrow('`@RequireMfa({ acr })`');
    expect(() => new HandlerGuards(modules, null, null)).not.toThrow();
  });

  it('is nothing where it is skipped', () => {
    @Controller()
    @SkipMfa()
    class Shop {
      @Get()
      open(): object {
        return {};
      }
    }
    expect(() => arrange(Shop, [], AAL3)).not.toThrow();
  });
});
