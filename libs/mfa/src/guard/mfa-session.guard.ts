import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../errors/mfa-exception.js';
import { MfaExceptionMapper } from '../http/mfa-exception-mapper.js';
import { RequestContextService } from '../sessions/request-context.service.js';

/**
 * Signs in by the authentication session alone: sets `request.user` for applications that have no other sign-in session. A
 * pending session is nobody.
 */
@Injectable()
export class MfaSessionGuard implements CanActivate {
  constructor(
    @Inject(RequestContextService) private readonly contexts: RequestContextService,
    @Inject(MfaExceptionMapper) private readonly exceptions: MfaExceptionMapper,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<{ user?: unknown }>();
    try {
      const { user, hasDeadToken } = await this.contexts.resolve(request);
      if (!user) throw new MfaException(hasDeadToken ? 'session_expired' : 'unauthenticated');
      request.user = user;
      return true;
    } catch (error) {
      throw await this.exceptions.present(error, request, http.getResponse<object>());
    }
  }
}
