import { Body, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';

import { Access, CurrentContext } from '../guard/access.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import { AuthenticateDto } from './authenticate.dto.js';
import type { MfaLoginResult } from './login.flow.js';
import type { MfaRequestContext } from '../engine/sessions/request-context.service.js';
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
    @CurrentContext() context: MfaRequestContext,
    @Body() { code, trustDevice }: AuthenticateDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.flow.authenticateByCode(context, code, {
      request,
      response,
      trustDevice: trustDevice ?? false,
    });
  }
}
