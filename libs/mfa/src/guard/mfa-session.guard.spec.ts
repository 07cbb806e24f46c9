import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { ResolveOptions } from '../engine/sessions/mfa-request.service.js';
import { judgementsOf } from './judgements.js';
import { MfaSessionGuard } from './mfa-session.guard.js';
import { SkipMfa } from './require-mfa.decorator.js';

class Handlers {
  plain(this: void): string {
    return 'plain';
  }

  @SkipMfa()
  skipped(this: void): string {
    return 'skipped';
  }
}

const ADA: MfaUser = { id: 'ada' };

interface World {
  handler?: keyof Handlers;
  /** The user that is found, on each look-up. */
  user?: MfaUser | null;
  session?: object | null;
  hasDeadToken?: boolean;
  isOverdue?: boolean;
  /** Whether it is a WebSocket, for example, whose handshake has no response. */
  type?: 'http' | 'ws' | 'rpc';
  /** The user that the application has set before. */
  known?: MfaUser;
}

function guardOf({
  handler = 'plain',
  user = ADA,
  session = { id: '1' },
  hasDeadToken = false,
  isOverdue = false,
  type = 'http',
  known,
}: World = {}) {
  const request: { user?: unknown } = known ? { user: known } : {};
  const world = { user, session };
  const context = {
    getType: () => type,
    getHandler: () => Handlers.prototype[handler],
    getClass: () => Handlers,
    getArgs: () => [request],
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }),
    switchToWs: () => ({ getClient: () => ({ handshake: request }) }),
  } as unknown as ExecutionContext;
  const resolved: unknown[] = [];
  const used: object[] = [];
  const seen: unknown[] = [];
  const guard = new MfaSessionGuard(
    {
      resolve: (one: { user?: unknown }, { hiddenUser, ...options }: ResolveOptions) => {
        resolved.push(options);
        seen.push(one.user === hiddenUser?.() ? undefined : one.user);
        return Promise.resolve({ ...world, hasDeadToken });
      },
      noteUse: (one: object) => used.push(one),
    } as never,
    {
      assertNotOverdue: () =>
        isOverdue ? Promise.reject(new MfaException('mfa_enrollment_required')) : Promise.resolve(),
      findUser: () => Promise.resolve(world.user),
    } as never,
    { present: (error: unknown) => Promise.resolve(error) } as never,
    new Reflector(),
  );
  return { pass: () => guard.canActivate(context), context, request, world, resolved, used, seen };
}

describe('the guard that signs in by the session', () => {
  it('puts the user there, and reads what is kept of them along', async () => {
    const { pass, request, resolved, used } = guardOf();
    expect(await pass()).toBe(true);
    expect(request.user).toBe(ADA);
    // The guard's question is no use of the session yet; a request that has passed is.
    expect(resolved).toEqual([{ withAccount: true, operation: request, isUse: false }]);
    expect(used).toEqual([request]);
  });

  it.each<[string, World, string]>([
    ['nobody', { user: null }, 'unauthenticated'],
    ['a session that is over', { user: null, hasDeadToken: true }, 'session_expired'],
    ['who has to set up a factor first', { isOverdue: true }, 'mfa_enrollment_required'],
    ['what carries no request', { type: 'rpc' }, 'unauthenticated'],
  ])('refuses %s', async (_, world, code) => {
    const { pass, context, request } = guardOf(world);
    await expect(pass()).rejects.toMatchObject({ code });
    expect(request.user).toBeUndefined();
    expect(judgementsOf(context)).toEqual([]);
  });

  it('lets who has to set up a factor first through where @SkipMfa() stands', async () => {
    expect(await guardOf({ isOverdue: true, handler: 'skipped' }).pass()).toBe(true);
  });

  it('leaves nobody on the handshake of a WebSocket, which outlives the session', async () => {
    const { pass, request } = guardOf({ type: 'ws' });
    expect(await pass()).toBe(true);
    expect(request).not.toHaveProperty('user');
  });

  it('takes away the user that it has put there, and looks again', async () => {
    const { pass, request, world, seen } = guardOf();
    await pass();
    world.user = { id: 'bob' };
    const again = pass();
    // Another operation of the same request may be under way.
    expect(request.user).toBe(ADA);
    await again;
    expect(seen).toEqual([undefined, undefined]);
    expect(request.user).toEqual({ id: 'bob' });
    world.user = null;
    await expect(pass()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(request).not.toHaveProperty('user');
  });

  it.each<[string, World]>([
    ['before', { known: ADA }],
    ['without a session', { known: ADA, session: null }],
  ])('leaves the user that the application has put there %s', async (_, world) => {
    const { pass, seen } = guardOf(world);
    await pass();
    expect(seen).toEqual([ADA]);
  });

  it('leaves who was found without a session, as the application’s own', async () => {
    const { pass, seen } = guardOf({ session: null });
    await pass();
    await pass();
    expect(seen).toEqual([undefined, ADA]);
  });

  it('has what it allowed judged again', async () => {
    const { pass, context, world, resolved, used, request } = guardOf();
    await pass();
    const [judgement] = judgementsOf(context);
    expect(await judgement?.stillHolds()).toBe(true);
    world.user = { id: 'bob' };
    expect(await judgement?.stillHolds()).toBe(false);
    const operation = {};
    expect(await judgement?.judge(operation)).toBe(true);
    await judgement?.judge();
    expect(resolved.slice(1)).toEqual([
      { withAccount: true, operation, isUse: false },
      { withAccount: true, operation: request, isUse: false },
    ]);
    judgement?.noteUse();
    expect(used).toEqual([request, request, request, request]);
  });
});
