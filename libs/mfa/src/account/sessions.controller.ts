import { Delete, Get, HttpCode, Inject, Param, Req, Res } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { AuthenticatorIdParam } from '../http/authenticator-id.param.js';
import { Access, CurrentRequest, CurrentUser } from '../guard/mfa-route.guard.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { SESSIONS_ROUTES } from './account.openapi.js';
import { MfaService } from './mfa.service.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import type { MfaSignedInSession } from './sessions.service.js';
import { MfaSessionsService } from './sessions.service.js';

@MfaController('Sessions')
export class MfaSessionsController {
  constructor(
    @Inject(MfaSessionsService) private readonly sessions: MfaSessionsService,
    @Inject(MfaService) private readonly mfa: MfaService,
  ) {}

  @Get()
  @Access('user')
  @DescribeRoute(SESSIONS_ROUTES.list)
  async list(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() { session }: MfaRequest,
  ): Promise<MfaSignedInSession[]> {
    return this.sessions.list(user, session);
  }

  /** Ending the session of the request signs out. */
  @Delete(':id')
  @HttpCode(204)
  @Access('recent')
  @DescribeRoute(SESSIONS_ROUTES.end)
  async end(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<void> {
    if (id === context.session?.id) await this.mfa.logout({ request, response });
    else await this.sessions.end(user, id, context);
  }

  @Delete()
  @HttpCode(204)
  @Access('recent')
  @DescribeRoute(SESSIONS_ROUTES.endOthers)
  async endOthers(@CurrentUser() user: MfaUser, @CurrentRequest() context: MfaRequest): Promise<void> {
    await this.sessions.endOthers(user, context);
  }
}
