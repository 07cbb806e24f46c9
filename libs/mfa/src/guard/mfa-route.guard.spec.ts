import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';

import type { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { MfaRequest, mfaRequestOf } from '../engine/rows/mfa-request.js';
import { judgementsOf } from './judgements.js';
import type { RouteAccess } from './mfa-route.guard.js';
import { Access, CurrentRequest, CurrentUser, MfaRouteGuard, accessOf } from './mfa-route.guard.js';

const OPEN = Symbol('open');

type Handler = () => unknown;

class Routes {
  /** Members that are not handlers. */
  static readonly prefix = 'mfa';
  readonly name = 'routes';

  @Access('user')
  user(): string {
    return 'answer';
  }

  @Access('recent')
  recent(): string {
    return 'answer';
  }

  @Access('adding')
  adding(): string {
    return 'answer';
  }

  @Access('authenticate')
  authenticate(): string {
    return 'answer';
  }

  @Access('session')
  session(): string {
    return 'answer';
  }

  @Access('ending')
  ending(): string {
    return 'answer';
  }

  @Access('anyone')
  anyone(): string {
    return 'answer';
  }

  @Access('anyone')
  [OPEN](): string {
    return 'answer';
  }

  get current(): string {
    return this.name;
  }
}

const handlerOf = ({ prototype }: Type, key: string | symbol) =>
  (prototype as Record<string | symbol, Handler>)[key] as Handler;

interface Exchange {
  handler?: Handler;
  type?: Type;
  headers?: Record<string, string>;
  body?: unknown;
}

function executionOf({ handler = handlerOf(Routes, 'user'), type = Routes, ...rest }: Exchange = {}) {
  const request = { headers: {}, ...rest };
  const headers: Record<string, string> = {};
  const response = { setHeader: (name: string, value: string) => (headers[name] = value) };
  const execution = {
    getType: () => 'http',
    getHandler: () => handler,
    getClass: () => type,
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => response }),
  } as unknown as ExecutionContext;
  return { execution, request, response, headers };
}

describe('what a route needs', () => {
  it.each<[string | symbol, RouteAccess]>([
    ['user', 'user'],
    ['recent', 'recent'],
    ['adding', 'adding'],
    ['authenticate', 'authenticate'],
    ['session', 'session'],
    ['ending', 'ending'],
    ['anyone', 'anyone'],
    [OPEN, 'anyone'],
  ])('is what stands on its handler: %p', (key, access) => {
    expect(accessOf(executionOf({ handler: handlerOf(Routes, key) }).execution)).toBe(access);
  });

  it('is what ours needs where an application overrides it, or has another function in its place', () => {
    class Overridden extends Routes {
      override anyone(): string {
        return 'answer';
      }
      override recent(): string {
        return 'answer';
      }
    }
    class Further extends Overridden {}
    const wrapped = () => undefined;
    class Wrapped extends Overridden {}
    Object.defineProperty(Wrapped.prototype, 'session', { value: wrapped });
    const needs = (type: Type, handler: Handler) => accessOf(executionOf({ type, handler }).execution);
    expect(needs(Overridden, handlerOf(Overridden, 'anyone'))).toBe('anyone');
    expect(needs(Further, handlerOf(Overridden, 'recent'))).toBe('recent');
    expect(needs(Wrapped, wrapped)).toBe('session');
  });

  it('is a user where a base class has something else than a handler in its place', () => {
    class Base {}
    Object.defineProperty(Base.prototype, 'session', { value: 'text' });
    class Own extends Base {
      session(): string {
        return 'answer';
      }
    }
    expect(accessOf(executionOf({ type: Own, handler: handlerOf(Own, 'session') }).execution)).toBe('user');
  });

  it('is a user where an application adds a handler, and a recent proof where nobody knows it', () => {
    class Added extends Routes {
      added(): string {
        return 'answer';
      }
    }
    expect(accessOf(executionOf({ type: Added, handler: handlerOf(Added, 'added') }).execution)).toBe('user');
    expect(accessOf(executionOf({ type: Added, handler: () => undefined }).execution)).toBe('recent');
  });
});

const USER: MfaUser = { id: 'ada' };
const SESSION = { id: '1', status: 'authenticated' } as AuthenticationSession;

interface World extends Exchange {
  access?: RouteAccess;
  user?: MfaUser | null;
  session?: typeof SESSION | null;
  orphan?: typeof SESSION | null;
  hasDeadToken?: boolean;
  usesHeader?: boolean;
  isForgeable?: boolean;
}

/** The guard of a route, with the given origin of the request. */
function guardOf({
  access = 'user',
  user = USER,
  session = SESSION,
  orphan = null,
  hasDeadToken = false,
  usesHeader = false,
  isForgeable = false,
  ...exchange
}: World) {
  const made = executionOf({ handler: handlerOf(Routes, access), ...exchange });
  const found = { user };
  const resolved: object[] = [];
  const recent: unknown[] = [];
  const used: object[] = [];
  const compared: object[] = [];
  const guard = new MfaRouteGuard(
    {
      resolveAny: (request: object, options: object) => {
        resolved.push(options);
        return Promise.resolve(new MfaRequest(request, { session, orphan, hasDeadToken, ...found }));
      },
      noteUse: (request: object) => used.push(request),
    } as never,
    {
      usesHeader: () => usesHeader,
      isForgeable: () => isForgeable,
      assertSameOrigin: (request: object) => compared.push(request),
    } as never,
    {
      assertRecent: (_: MfaRequest, purpose?: string) =>
        Promise.resolve(recent.push(purpose ?? 'any change')),
    } as never,
  );
  const pass = () => guard.canActivate(made.execution);
  return { ...made, pass, found, resolved, recent, used, compared };
}

describe('the guard of a route', () => {
  it.each<[RouteAccess, boolean, boolean, boolean]>([
    ['user', true, true, false],
    ['recent', true, true, false],
    ['adding', true, true, false],
    ['authenticate', true, true, true],
    ['session', true, false, true],
    ['ending', true, false, true],
  ])(
    'of %s lets somebody with a session, a user alone, a session alone pass: %p, %p, %p',
    async (access, ...passes) => {
      const outcomes: unknown[] = [];
      for (const world of [{}, { session: null }, { user: null }]) {
        outcomes.push(
          await guardOf({ access, ...world })
            .pass()
            .catch(({ code }: MfaException) => code),
        );
      }
      expect(outcomes).toEqual(passes.map((one) => one || 'unauthenticated'));
      const nobody = { access, user: null, session: null };
      await expect(guardOf(nobody).pass()).rejects.toMatchObject({ code: 'unauthenticated' });
      const dead = guardOf({ ...nobody, hasDeadToken: true });
      await expect(dead.pass()).rejects.toMatchObject({ code: 'session_expired' });
    },
  );

  it.each<[RouteAccess, boolean, unknown[]]>([
    ['user', false, []],
    ['session', false, []],
    ['ending', false, []],
    ['authenticate', true, []],
    ['recent', true, ['any change']],
    ['adding', true, ['adding']],
  ])(
    'of %s reads the account with it: %p, and asks for a recent proof: %j',
    async (access, withAccount, asked) => {
      const { pass, resolved, recent, response, request } = guardOf({ access });
      await pass();
      // The guard's question is no use of the session yet.
      expect(resolved).toEqual([{ withAccount, response, isUse: false }]);
      expect(recent).toEqual(asked);
      expect(mfaRequestOf(request)).toMatchObject({ user: USER, session: SESSION });
    },
  );

  it('lets only a sign-out see the session of a user whom the adapter does not find', async () => {
    const accesses: Exclude<RouteAccess, 'anyone'>[] = [
      'user',
      'recent',
      'adding',
      'authenticate',
      'session',
    ];
    const orphaned = { user: null, session: null, orphan: SESSION };
    for (const access of accesses)
      await expect(guardOf({ access, ...orphaned }).pass()).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    expect(await guardOf({ access: 'ending', ...orphaned }).pass()).toBe(true);
  });

  it('lets anyone pass whom nobody looks up', async () => {
    const { pass, resolved, headers, request } = guardOf({ access: 'anyone', user: null, session: null });
    expect(await pass()).toBe(true);
    expect(resolved).toEqual([]);
    expect(mfaRequestOf(request)).toBeUndefined();
    expect(headers).toEqual({ 'Cache-Control': 'no-store' });
  });

  it.each<[RouteAccess, boolean, boolean, boolean]>([
    ['user', true, true, true],
    ['user', true, false, true],
    ['user', false, false, false],
    // There, only a token that the client itself stores can't be forged: another site must not sign a browser in.
    ['anyone', false, false, true],
    ['anyone', true, false, true],
    ['anyone', false, true, false],
    ['anyone', true, true, false],
  ])(
    'of %s asks for the origin of what is forgeable (%p), with a header (%p): %p',
    async (access, isForgeable, usesHeader, asks) => {
      const { pass, compared, request } = guardOf({ access, isForgeable, usesHeader });
      await pass();
      expect(compared).toEqual(asks ? [request] : []);
    },
  );

  it('has what it allowed judged again', async () => {
    const { pass, execution, found, used, request, resolved } = guardOf({});
    await pass();
    expect(used).toEqual([request]);
    const [judgement] = judgementsOf(execution);
    expect(await judgement?.stillHolds()).toBe(true);
    expect(resolved.at(-1)).toEqual({ isUse: false });
    found.user = { id: 'mallory' };
    expect(await judgement?.stillHolds()).toBe(false);
    expect(await judgement?.judge()).toBe(true);
    expect(mfaRequestOf(request)?.user).toEqual({ id: 'mallory' });
    judgement?.noteUse();
    expect(used).toEqual([request, request, request]);
  });
});

describe('what a handler of a route is given', () => {
  class Asking {
    ask(@CurrentRequest() context: unknown, @CurrentUser() user: unknown): unknown[] {
      return [context, user];
    }
  }

  /** What Nest would inject, in parameter order. */
  function injected(execution: ExecutionContext): unknown[] {
    const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, Asking, 'ask') as Record<
      string,
      { index: number; factory: (data: unknown, execution: ExecutionContext) => unknown }
    >;
    return Object.values(parameters)
      .sort((one, other) => one.index - other.index)
      .map(({ factory }) => factory(undefined, execution));
  }

  it('is what its guard has found, and nothing where none has', async () => {
    const { pass, execution, request } = guardOf({});
    expect(injected(execution)).toEqual([undefined, undefined]);
    await pass();
    expect(injected(execution)).toEqual([mfaRequestOf(request), USER]);
  });
});

describe('a body', () => {
  const send = (type: string | undefined, body: unknown = {}, length = '2') =>
    guardOf({
      headers: { 'content-length': length, ...(type === undefined ? {} : { 'content-type': type }) },
      body,
    }).pass();

  it.each([
    undefined,
    'application/json',
    'application/json; charset=utf-8',
    'application/json ; charset=utf-8',
    'application/json  ',
    'APPLICATION/JSON',
    'application/ld+json',
    'application/vnd.api-v1.2_x+json',
  ])('may be called %j', async (type) => {
    expect(await send(type)).toBe(true);
  });

  it.each([
    'text/plain',
    '',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'text/json',
    'application/jsonp',
    'application/json-seq',
    'application/json,text/plain',
    'application/+json',
    'application/a b+json',
    'application/;+json',
    'application/ldjson',
    'xapplication/json',
  ])('may not be called %j', async (type) => {
    await expect(send(type)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { message: ['The body must be application/json'] },
    });
  });

  it('that is not there may be called anything', async () => {
    expect(await send('text/plain', undefined, '0')).toBe(true);
  });

  it('may not be nested deeper than anything that walks through it can follow', async () => {
    let body: unknown = 'end';
    for (let depth = 0; depth < 1000; depth += 1) body = { body };
    await expect(send('application/json', body)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { message: ['The body is nested too deep'] },
    });
  });
});
