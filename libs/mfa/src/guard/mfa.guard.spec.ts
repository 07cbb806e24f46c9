import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { requestOf } from '../refusals/find-request.js';
import { GlobalMfaGuard } from './global-mfa.guard.js';
import { judgementsOf, noteJudged } from './judgements.js';
import { MfaGuard } from './mfa.guard.js';
import { RequireMfa, SkipMfa } from './require-mfa.decorator.js';

class Handlers {
  plain(this: void): string {
    return 'plain';
  }

  @RequireMfa({ maxAge: 5 })
  guarded(this: void): string {
    return 'guarded';
  }

  @SkipMfa()
  skipped(this: void): string {
    return 'skipped';
  }
}

const ADA: MfaUser = { id: 'ada' };

interface World {
  handler?: keyof Handlers;
  decision?: MfaPolicyDecision;
  /** The user that was judged; undefined if none was recorded. */
  judged?: MfaUser | null | undefined;
  /** The user that a later look-up finds. */
  found?: () => MfaUser | null;
  type?: string;
  request?: object | undefined;
  Guard?: typeof MfaGuard;
}

const refused: MfaPolicyDecision = { allow: false, code: 'mfa_required', methods: ['totp'], maxAge: 5 };

function guardOf({
  handler = 'guarded',
  decision = { allow: true },
  found = () => ADA,
  type = 'http',
  Guard = MfaGuard,
  ...world
}: World = {}) {
  const judged = 'judged' in world ? world.judged : ADA;
  const request = 'request' in world ? world.request : { url: '/' };
  const context = {
    getType: () => type,
    getHandler: () => Handlers.prototype[handler],
    getClass: () => Handlers,
    getArgs: () => [request],
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }),
  } as unknown as ExecutionContext;
  const asked: unknown[][] = [];
  const used: object[] = [];
  const sought: unknown[][] = [];
  const presented: unknown[] = [];
  const decide = (...given: unknown[]) => {
    asked.push(given);
    const made = { ...decision };
    return Promise.resolve(judged === undefined ? made : noteJudged(made, judged));
  };
  const policy = {
    defaultMaxAge: 300,
    decide,
    decideGlobally: (...given: unknown[]) => decide('globally', ...given),
    findUser: (...given: unknown[]) => {
      sought.push(given);
      return Promise.resolve().then(found);
    },
    noteUse: (one: object) => used.push(one),
  };
  const mapper = {
    present: (error: unknown, of: object) => {
      presented.push(of);
      return Promise.resolve(error);
    },
  };
  const guard = new Guard(policy as never, mapper as never, new Reflector());
  return { guard, context, request, asked, used, sought, presented };
}

const pass = (world?: World) => {
  const made = guardOf(world);
  return { ...made, answer: made.guard.canActivate(made.context) };
};

describe('the guard behind @RequireMfa()', () => {
  it('decides on what stands on the handler, and lets pass what is allowed', async () => {
    const { answer, asked, request } = pass();
    expect(await answer).toBe(true);
    expect(asked).toEqual([[{ maxAge: 5 }, request, request, request]]);
  });

  it('demands any second factor where nothing is said, and nothing under @SkipMfa()', async () => {
    const plain = pass({ handler: 'plain' });
    expect(await plain.answer).toBe(true);
    expect(plain.asked).toHaveLength(1);
    const skipped = pass({ handler: 'skipped', decision: refused });
    expect(await skipped.answer).toBe(true);
    expect(skipped.asked).toEqual([]);
  });

  it('refuses with the code of the decision, and what it says besides', async () => {
    const { answer, presented, request, context } = pass({ decision: refused });
    await expect(answer).rejects.toMatchObject({
      code: 'mfa_required',
      details: { methods: ['totp'], maxAge: 5 },
    });
    await expect(answer).rejects.not.toHaveProperty('details.allow');
    expect(presented).toEqual([request]);
    expect(judgementsOf(context)).toEqual([]);
  });

  it('refuses where there is no request', async () => {
    await expect(pass({ request: undefined, type: 'rpc' }).answer).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('shows the handler the request that an application’s own guard has found', async () => {
    const own = { url: '/own' };
    class OwnGuard extends MfaGuard {
      protected override getRequest(): Promise<object> {
        return Promise.resolve(own);
      }
    }
    const { answer, asked, context, used } = pass({ Guard: OwnGuard });
    expect(await answer).toBe(true);
    expect(asked[0]?.[1]).toBe(own);
    expect(requestOf(context)).toBe(own);
    expect(used).toEqual([own]);
  });

  it('is a refusal when it fails', async () => {
    class BrokenGuard extends MfaGuard {
      protected override getRequest(): object {
        throw new MfaException('storage_unavailable');
      }
    }
    await expect(pass({ Guard: BrokenGuard }).answer).rejects.toMatchObject({ code: 'storage_unavailable' });
  });
});

describe('what it has allowed', () => {
  const judge = async (world: World) => {
    const made = pass(world);
    await made.answer;
    const [judgement] = judgementsOf(made.context);
    return { ...made, judgement };
  };

  it.each<[string, World, boolean]>([
    ['the same user is there', {}, true],
    ['the same user is there anew', { found: () => ({ id: 'ada' }) }, true],
    ['nobody was, and nobody is', { judged: null, found: () => null }, true],
    ['somebody else is there', { found: () => ({ id: 'bob' }) }, false],
    ['nobody is there any more', { found: () => null }, false],
    ['nobody knows whom it was for', { judged: undefined }, false],
    [
      'nobody can tell',
      {
        found: () => {
          throw new Error('the directory is away');
        },
      },
      false,
    ],
  ])('holds, or not, where %s', async (_, world, holds) => {
    const { judgement } = await judge(world);
    expect(await judgement?.stillHolds()).toBe(holds);
  });

  it('is not looked for where nobody knows whom it was for', async () => {
    const { judgement, sought } = await judge({ judged: undefined });
    await judgement?.stillHolds();
    expect(sought).toEqual([]);
  });

  it('is looked at for the same operation, and judged anew for another', async () => {
    const { judgement, sought, request, asked } = await judge({});
    await judgement?.stillHolds();
    expect(sought).toEqual([[request, request]]);
    const operation = {};
    expect(await judgement?.judge(operation)).toBe(true);
    expect(asked.at(-1)).toEqual([{ maxAge: 5 }, request, operation, request]);
    expect(asked.at(-1)?.[2]).toBe(operation);
  });

  it('is a use of the session once it is over', async () => {
    const { judgement, used, request } = await judge({});
    expect(used).toEqual([request]);
    judgement?.noteUse();
    expect(used).toEqual([request, request]);
  });
});

describe('the global guard', () => {
  it('asks its own question, and nothing under @SkipMfa()', async () => {
    const { answer, asked, request } = pass({ Guard: GlobalMfaGuard, handler: 'plain' });
    expect(await answer).toBe(true);
    expect(asked).toEqual([['globally', request, request]]);
    const skipped = pass({ Guard: GlobalMfaGuard, handler: 'skipped', decision: refused });
    expect([await skipped.answer, skipped.asked]).toEqual([true, []]);
    await expect(pass({ Guard: GlobalMfaGuard, decision: refused }).answer).rejects.toMatchObject({
      code: 'mfa_required',
    });
  });
});
