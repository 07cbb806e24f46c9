import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { GUARDS_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import { Subject, from, lastValueFrom, of, toArray } from 'rxjs';

import type { MfaUser } from '../core/users/mfa-user.js';
import {
  ASK_AGAIN_GUARD,
  ASK_AGAIN_INTERCEPTOR,
  isSameSnapshot,
  judgedBy,
  judgementsOf,
  keepJudgement,
  noteJudged,
  snapshotOf,
  watchStream,
} from './judgements.js';

const same = (one: MfaUser | null, other: MfaUser | null) =>
  isSameSnapshot(snapshotOf(one), snapshotOf(other));

describe('a user as they are at this moment', () => {
  it.each<[MfaUser | null, MfaUser | null, boolean]>([
    [null, null, true],
    [null, { id: 1 }, false],
    [{ id: 1 }, { id: 1 }, true],
    [{ id: 1 }, { id: 2 }, false],
    [{ id: 1, isStaff: true }, { id: 1, isStaff: true }, true],
    [{ id: 1, isStaff: true }, { id: 1, isStaff: false }, false],
    [{ id: 1, emailVerified: true }, { id: 1 }, false],
    [{ id: 1, email: 'a@example.com' }, { id: 1, email: 'b@example.com' }, false],
    [{ id: 1, roles: ['a'] } as MfaUser, { id: 1, roles: ['a'] } as MfaUser, true],
    [{ id: 1, roles: ['a'] } as MfaUser, { id: 1, roles: ['a', 'b'] } as MfaUser, false],
    [{ id: 1, of: { x: { y: 1 } } } as MfaUser, { id: 1, of: { x: { y: 1 } } } as MfaUser, true],
    [{ id: 1, of: { x: { y: 1 } } } as MfaUser, { id: 1, of: { x: { y: 2 } } } as MfaUser, false],
    // The positions match, but it is not the same list.
    [{ id: 1, a: ['b'], c: 1 } as MfaUser, { id: 1, a: ['b', 'c', 1] } as MfaUser, false],
    // A list that ends where the other one continues.
    [{ id: 1, a: { b: 1 }, c: 2 } as MfaUser, { id: 1, a: { b: 1, c: 2 } } as MfaUser, false],
    [{ id: 1, of: null } as MfaUser, { id: 1, of: null } as MfaUser, true],
    [{ id: 1, of: undefined } as MfaUser, { id: 1, of: undefined } as MfaUser, true],
    [{ id: 1, age: NaN } as MfaUser, { id: 1, age: NaN } as MfaUser, true],
  ])('%j and %j are the same: %p', (one, other, are) => {
    expect(same(one, other)).toBe(are);
    expect(same(other, one)).toBe(are);
  });

  it('is another one when the same object has changed', () => {
    const user = { id: 1, roles: ['a'] } as MfaUser & { roles: string[] };
    const before = snapshotOf(user);
    user.roles.push('b');
    expect(isSameSnapshot(before, snapshotOf(user))).toBe(false);
  });

  it('is of a class the same object alone, and what has no prototype is plain', () => {
    class Person {
      id = 1;
    }
    const person = new Person();
    expect(same(person, person)).toBe(true);
    expect(same(person, new Person())).toBe(false);
    const bare = () => Object.assign(Object.create(null) as object, { id: 1 });
    expect(same(bare(), bare())).toBe(true);
    const held = (part: object) => ({ id: 1, part }) as MfaUser;
    expect(same(held(person), held(person))).toBe(true);
    expect(same(held(person), held(new Person()))).toBe(false);
  });

  it('is looked into four levels deep', () => {
    const nest = (depth: number): object => (depth === 0 ? { end: 1 } : { in: nest(depth - 1) });
    expect(same({ id: 1, ...nest(4) }, { id: 1, ...nest(4) })).toBe(true);
    expect(same({ id: 1, ...nest(5) }, { id: 1, ...nest(5) })).toBe(false);
  });
});

it('a decision is known with the user that it was made for', () => {
  const [decision, other] = [{ allow: true }, { allow: true }] as const;
  const user = { id: 1 };
  expect(noteJudged(decision, user)).toBe(decision);
  expect(judgedBy(decision)).toBe(user);
  expect(judgedBy(other)).toBeUndefined();
  expect(judgedBy(noteJudged(other, null))).toBeNull();
});

/** A call of a handler with these guards; each call is a new one. */
function callOf({
  type = 'ws',
  guards,
  isStream = false,
  info,
}: { type?: string; guards?: unknown[]; isStream?: boolean; info?: unknown } = {}): ExecutionContext {
  const handler = () => 'answer';
  if (guards) Reflect.defineMetadata(GUARDS_METADATA, guards, handler);
  if (isStream) Reflect.defineMetadata(SSE_METADATA, true, handler);
  const args: unknown[] = [{}, {}, {}, info];
  return {
    getType: () => type,
    getHandler: () => handler,
    getArgs: () => args,
    getArgByIndex: (index: number) => args[index],
    switchToHttp: () => ({ getRequest: () => args[0] }),
  } as unknown as ExecutionContext;
}

/** A judgement by a guard about a user who may later be a different one, or be refused. */
function allowed({ holds = true, refuses = false } = {}) {
  const world = { holds, refuses };
  const calls: unknown[] = [];
  const judgement = {
    stillHolds: () => Promise.resolve(world.holds),
    judge: (operation?: object) => {
      calls.push(operation ? 'judged for an operation' : 'judged');
      return world.refuses ? Promise.reject(new Error('refused')) : Promise.resolve(true);
    },
    noteUse: () => void calls.push('used'),
  };
  return { judgement, calls, world };
}

describe('what guards have allowed', () => {
  it('is kept by call and guard, of which the last word counts', () => {
    const call = callOf();
    const [guard, other] = [{}, {}];
    const [first, second, last] = [allowed(), allowed(), allowed()].map(({ judgement }) => judgement) as [
      ReturnType<typeof allowed>['judgement'],
      ReturnType<typeof allowed>['judgement'],
      ReturnType<typeof allowed>['judgement'],
    ];
    expect(judgementsOf(call)).toEqual([]);
    keepJudgement(call, guard, first);
    keepJudgement(call, other, second);
    keepJudgement(call, guard, last);
    expect(judgementsOf(call)).toEqual([last, second]);
    expect(judgementsOf(call)[0]).toBe(last);
    expect(judgementsOf(callOf())).toEqual([]);
  });

  it('is a use of the session at once where no question comes after it, and else after that', async () => {
    for (const guards of [undefined, [], [class {}]]) {
      const { judgement, calls } = allowed();
      keepJudgement(callOf(guards ? { guards } : {}), {}, judgement);
      expect(calls).toEqual(['used']);
    }
    const { judgement, calls } = allowed();
    const asked = callOf({ guards: [class {}, ASK_AGAIN_GUARD] });
    keepJudgement(asked, {}, judgement);
    expect(calls).toEqual([]);
    expect(await ASK_AGAIN_GUARD.canActivate(asked)).toBe(true);
    expect(calls).toEqual(['used']);
  });

  it('is judged again, before anything is used, where somebody else is there', async () => {
    const call = callOf({ guards: [ASK_AGAIN_GUARD] });
    const [same, other] = [allowed(), allowed({ holds: false })];
    keepJudgement(call, {}, same.judgement);
    keepJudgement(call, {}, other.judgement);
    await ASK_AGAIN_GUARD.canActivate(call);
    expect([same.calls, other.calls]).toEqual([['used'], ['judged', 'used']]);
    other.world.refuses = true;
    await expect(ASK_AGAIN_GUARD.canActivate(call)).rejects.toThrow('refused');
    expect(same.calls).toEqual(['used']);
  });

  it('is asked about before a handler is called', async () => {
    const { judgement, calls } = allowed({ holds: false, refuses: true });
    const call = callOf();
    keepJudgement(call, {}, judgement);
    const handle = jest.fn(() => of('answer'));
    await expect(ASK_AGAIN_INTERCEPTOR.intercept(call, { handle })).rejects.toThrow('refused');
    expect(handle).not.toHaveBeenCalled();
    expect(calls).toEqual(['used', 'judged']);
    const passed = await ASK_AGAIN_INTERCEPTOR.intercept(callOf(), { handle });
    expect(await lastValueFrom(passed)).toBe('answer');
  });
});

describe('what a handler goes on delivering', () => {
  let now = 0;
  beforeEach(() => {
    now = 5000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** Watches the stream of a call, and collects what its client received. */
  function watch(call = callOf()) {
    const made = allowed();
    keepJudgement(call, {}, made.judgement);
    made.calls.length = 0;
    const source = new Subject<unknown>();
    const got: unknown[] = [];
    watchStream(call, source).subscribe({ next: (one) => got.push(one), complete: () => got.push('end') });
    const deliver = async (one: unknown, later: number) => {
      now += later;
      source.next(one);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      return [...got];
    };
    return { ...made, call, deliver };
  }

  it('is asked about once a second at most, with a session that is read anew', async () => {
    const { deliver, calls } = watch();
    expect(await deliver('a', 999)).toEqual(['a']);
    expect(calls).toEqual([]);
    expect(await deliver('b', 1)).toEqual(['a', 'b']);
    expect(calls).toEqual(['judged for an operation']);
    await deliver('c', 999);
    expect(calls).toHaveLength(1);
    await deliver('d', 1);
    expect(calls).toHaveLength(2);
  });

  it('ends once it would be refused, with nothing more', async () => {
    const { deliver, world } = watch();
    await deliver('a', 1000);
    world.refuses = true;
    expect(await deliver('b', 1000)).toEqual(['a', 'end']);
    expect(await deliver('c', 1000)).toEqual(['a', 'end']);
  });

  it('is no use of the session', () => {
    const { call, calls, judgement } = watch();
    keepJudgement(call, {}, judgement);
    expect(calls).toEqual([]);
  });

  it.each<[string, Parameters<typeof callOf>[0], boolean]>([
    ['server-sent events', { type: 'http', isStream: true }, true],
    ['the answer to a request', { type: 'http' }, false],
    ['a subscription', { type: 'graphql', info: { operation: { operation: 'subscription' } } }, true],
    ['a query', { type: 'graphql', info: { operation: { operation: 'query' } } }, false],
    ['a field without an operation', { type: 'graphql', info: {} }, false],
    ['a field of which nothing is known', { type: 'graphql' }, false],
    ['the answers of a message', { type: 'rpc' }, true],
  ])('is watched, or not, where it is %s', async (_, call, isWatched) => {
    const { deliver, world } = watch(callOf(call));
    world.refuses = true;
    expect(await deliver('a', 1000)).toEqual(isWatched ? ['end'] : ['a']);
  });

  it('is nobody’s business where no guard has allowed it', async () => {
    const source = from([1, 2]);
    expect(watchStream(callOf(), source)).toBe(source);
    expect(await lastValueFrom(source.pipe(toArray()))).toEqual([1, 2]);
  });

  it.each([null, undefined, 'text', 1, { plain: true }])('is handed on as it is: %j', async (one) => {
    const { deliver } = watch();
    const [got] = await deliver(one, 0);
    expect(got).toBe(one);
  });

  describe('from a source of its own', () => {
    /** A source that never ends unless told to, and that may be closed. */
    function sourceOf({ items = Infinity, canReturn = true } = {}) {
      const state = { closed: 0 };
      let given = 0;
      const iterator = {
        next: () =>
          Promise.resolve(
            given < items ? { done: false, value: (given += 1) } : { done: true, value: 'dry' },
          ),
        ...(canReturn
          ? {
              return: () => {
                state.closed += 1;
                return Promise.resolve({ done: true, value: undefined });
              },
            }
          : {}),
      };
      return { state, source: { [Symbol.asyncIterator]: () => iterator } };
    }

    async function iterate(options?: Parameters<typeof sourceOf>[0]) {
      const watched = watch();
      const { state, source } = sourceOf(options);
      const [iterator] = (await watched.deliver(source, 0)) as [AsyncIterableIterator<unknown>];
      return { ...watched, state, iterator };
    }

    it('ends, and closes it, once it would be refused', async () => {
      const { iterator, state, world } = await iterate();
      expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
      expect(await iterator.next()).toEqual({ done: false, value: 1 });
      now += 1000;
      expect(await iterator.next()).toEqual({ done: false, value: 2 });
      world.refuses = true;
      now += 1000;
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(state.closed).toBe(1);
    });

    it('ends where the source does, about which nothing is asked', async () => {
      const { iterator, calls, state } = await iterate({ items: 0 });
      now += 1000;
      expect(await iterator.next()).toEqual({ done: true, value: 'dry' });
      expect([calls, state.closed]).toEqual([[], 0]);
    });

    it('ends where its reader leaves, also a source that can’t be closed', async () => {
      const { iterator, state } = await iterate();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(state.closed).toBe(1);
      const open = await iterate({ canReturn: false });
      expect(await open.iterator.return?.()).toEqual({ done: true, value: undefined });
    });
  });
});
