import { Body, HttpCode, Inject, Post } from '@nestjs/common';

import { Access, CurrentRequest } from '../guard/mfa-route.guard.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import { AuthenticateDto } from './authenticate.dto.js';
import type { MfaLoginResult } from './login.flow.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { SecondFactorFlow } from './second-factor.flow.js';
import { SIGN_IN_ROUTES } from './sign-in.openapi.js';

@MfaController('Signing in')
export class AuthenticateController {
  constructor(@Inject(SecondFactorFlow) private readonly flow: SecondFactorFlow) {}

  @Post()
  @HttpCode(200)
  @Access('authenticate')
  @DescribeRoute(SIGN_IN_ROUTES.authenticate)
  async authenticate(
    @CurrentRequest() context: MfaRequest,
    @Body() { code, trustDevice }: AuthenticateDto,
  ): Promise<MfaLoginResult> {
    return this.flow.authenticateByCode(context, code, { trustDevice: trustDevice ?? false });
  }
}
