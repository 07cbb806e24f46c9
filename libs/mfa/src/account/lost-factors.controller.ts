import { Get, HttpCode, Inject, Param, Post } from '@nestjs/common';

import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { Access, CurrentRequest } from '../guard/mfa-route.guard.js';
import { AuthenticatorIdParam } from '../http/authenticator-id.param.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { AUTHENTICATOR_ROUTES } from './account.openapi.js';
import type { MfaReportedAuthenticator } from './reported-authenticators.js';
import { ReportedAuthenticators } from './reported-authenticators.js';

/**
 * Reporting factors as lost, even with a pending sign-in: a user who has lost the second factor gets no further. It is
 * therefore among the routes with access `authenticate`, the only ones that accept a pending sign-in.
 */
@MfaController('Authenticators')
export class LostFactorsController {
  constructor(@Inject(ReportedAuthenticators) private readonly reported: ReportedAuthenticators) {}

  @Get()
  @Access('authenticate')
  @DescribeRoute(AUTHENTICATOR_ROUTES.listReportable)
  async list(@CurrentRequest() context: MfaRequest): Promise<MfaReportedAuthenticator[]> {
    return this.reported.list(context);
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @Access('authenticate')
  @DescribeRoute(AUTHENTICATOR_ROUTES.suspend)
  async suspend(
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
  ): Promise<MfaReportedAuthenticator> {
    return this.reported.report(context, id);
  }
}
