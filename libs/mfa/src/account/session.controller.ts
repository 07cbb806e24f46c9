import { Delete, Get, HttpCode, Inject, Req, Res } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { Access, CurrentRequest, CurrentUser } from '../guard/mfa-route.guard.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { MfaStatus } from './user-status.js';
import { MfaService } from './mfa.service.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import type { MfaSessionState } from '../sign-in/session-state.js';
import { SessionStates } from '../sign-in/session-state.js';
import { SESSION_ROUTES } from './account.openapi.js';

@MfaController('Session')
export class MfaSessionController {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(SessionStates) private readonly states: SessionStates,
  ) {}

  @Get('status')
  @Access('user')
  @DescribeRoute(SESSION_ROUTES.status)
  async status(@CurrentUser() user: MfaUser, @CurrentRequest() { session }: MfaRequest): Promise<MfaStatus> {
    return this.mfa.status(user, session);
  }

  @Get('session')
  @Access('session')
  @DescribeRoute(SESSION_ROUTES.session)
  async session(@CurrentRequest() context: MfaRequest): Promise<MfaSessionState> {
    return this.states.describe(context, context.session as AuthenticationSession);
  }

  @Delete('session')
  @HttpCode(204)
  @Access('ending')
  @DescribeRoute(SESSION_ROUTES.logout)
  async logout(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<void> {
    await this.mfa.logout({ request, response });
  }
}
