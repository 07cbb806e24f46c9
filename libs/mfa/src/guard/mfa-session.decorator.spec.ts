import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';

import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { showMfaSession } from '../engine/rows/mfa-request.js';
import { MfaSession } from './mfa-session.decorator.js';

class Handlers {
  whole(@MfaSession() session: unknown): unknown {
    return session;
  }

  id(@MfaSession('id') id: unknown): unknown {
    return id;
  }

  ttl(@MfaSession('ttlSeconds') ttlSeconds: unknown): unknown {
    return ttlSeconds;
  }
}

/** What Nest would inject into that handler for a request. */
function injected(handler: keyof Handlers, request: object | undefined): unknown {
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, Handlers, handler) as Record<
    string,
    { data: unknown; factory: (data: unknown, context: ExecutionContext) => unknown }
  >;
  const [parameter] = Object.values(parameters);
  const context = {
    getType: () => 'http',
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
  return parameter?.factory(parameter.data, context);
}

describe('@MfaSession()', () => {
  const requestWith = (session: Partial<AuthenticationSession>) => {
    const request = {};
    showMfaSession(request, session as AuthenticationSession);
    return request;
  };

  it('gives the session that a guard has read, or a part of it', () => {
    const session = { id: '1', status: 'authenticated', ttlSeconds: null } as const;
    const request = requestWith(session);
    expect(['whole', 'id', 'ttl'].map((one) => injected(one as keyof Handlers, request))).toEqual([
      session,
      '1',
      null,
    ]);
  });

  it('gives nothing where there is none, or one that waits for its second factor', () => {
    for (const request of [undefined, {}, requestWith({ id: '1', status: 'pending' })]) {
      expect([injected('whole', request), injected('id', request)]).toEqual([null, null]);
    }
  });
});
