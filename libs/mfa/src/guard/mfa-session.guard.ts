import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { SideTable } from '../core/objects/side-table.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { MfaExceptionMapper } from '../refusals/mfa-exception-mapper.js';
import { presentIn } from '../refusals/transport-exceptions.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import { findRequest, findResponse, operationOf } from '../refusals/find-request.js';
import { isMfaSkipped } from './guard-metadata.js';
import { isSameSnapshot, keepJudgement, snapshotOf } from './judgements.js';
import { MfaPolicyService } from './mfa-policy.service.js';

/** The users that this guard has set, each of whom comes from the session and is removed once it has ended. */
const signedIn = new SideTable<object, MfaUser>();

/**
 * Authenticates requests by the authentication session alone: sets `request.user` for applications that have no other sign-in
 * session. A pending session authenticates nobody. Users who must set up a second factor before anything else only reach the
 * routes to do so, and those with `@SkipMfa()`.
 */
@Injectable()
export class MfaSessionGuard implements CanActivate {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(MfaPolicyService) private readonly policy: MfaPolicyService,
    @Inject(MfaExceptionMapper) private readonly exceptions: MfaExceptionMapper,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    return this.judge(context, operationOf(context));
  }

  private async judge(context: ExecutionContext, operation: object): Promise<boolean> {
    const request = findRequest(context) as { user?: unknown } | undefined;
    try {
      if (!request) throw new MfaException('unauthenticated');
      const found = await this.contexts.resolve(request, {
        withAccount: true,
        operation,
        isUse: false,
        hiddenUser: () => signedIn.get(request),
      });
      const { user, session, hasDeadToken } = found;
      if (!user) {
        if (request.user === signedIn.get(request)) delete request.user;
        throw new MfaException(hasDeadToken ? 'session_expired' : 'unauthenticated');
      }
      if (!isMfaSkipped(this.reflector, context)) await this.policy.assertNotOverdue(found);
      // Without a response, as for a WebSocket handshake, the request object would keep the user beyond the end of the session.
      if (findResponse(context)) {
        request.user = user;
        if (session) signedIn.set(request, user);
      }
      const judged = snapshotOf(user);
      keepJudgement(context, this, {
        stillHolds: async () =>
          isSameSnapshot(judged, snapshotOf(await this.policy.findUser(request, operation))),
        judge: (later = operation) => this.judge(context, later),
        noteUse: () => this.contexts.noteUse(request),
      });
      return true;
    } catch (error) {
      throw await presentIn(context, this.exceptions, error, request);
    }
  }
}
