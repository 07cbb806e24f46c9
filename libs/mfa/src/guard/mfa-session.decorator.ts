import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';

import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { getMfaSession } from '../engine/rows/mfa-request.js';
import { requestOf } from '../refusals/find-request.js';

/**
 * Injects the authenticated session that the guard before this handler has read, or one of its properties. Null if no guard of
 * this module has run, or there is no valid session. A session that waits for its second factor counts as none.
 *
 *     @Query(() => [String])
 *     @RequireMfa()
 *     methods(@MfaSession('methods') methods: AuthenticationRecord[]) { … }
 */
export const MfaSession: (property?: keyof AuthenticationSession) => ParameterDecorator =
  createParamDecorator(
    (property: keyof AuthenticationSession | undefined, context: ExecutionContext): unknown => {
      const request = requestOf(context);
      const session: Record<keyof AuthenticationSession, unknown> | null =
        (request && getMfaSession(request)) ?? null;
      return property ? (session?.[property] ?? null) : session;
    },
  );
