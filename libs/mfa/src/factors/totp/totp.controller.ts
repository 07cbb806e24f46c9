import { Body, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { ActivationAnswers } from '../../sign-in/activation-answer.js';
import type { MfaActivationAnswer } from '../../sign-in/activation-answer.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ActivateTotpDto } from './activate-totp.dto.js';
import { BeginTotpDto } from './begin-totp.dto.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import { TotpService } from './totp.service.js';
import { TOTP_ROUTES } from './totp.openapi.js';

@MfaController('Authenticator apps')
export class TotpController {
  constructor(
    @Inject(TotpService) private readonly totp: TotpService,
    @Inject(ActivationAnswers) private readonly answers: ActivationAnswers,
  ) {}

  @Post()
  @HttpCode(201)
  @Access('adding')
  @DescribeRoute(TOTP_ROUTES.begin)
  async begin(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Body() { replaces }: BeginTotpDto,
  ): Promise<TotpSetupDetails> {
    return this.totp.begin(user, context, replaces ?? undefined);
  }

  @Post('activate')
  @HttpCode(201)
  @Access('adding')
  @DescribeRoute(TOTP_ROUTES.activate)
  async activate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Body() body: ActivateTotpDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaActivationAnswer> {
    return this.answers.give(user, await this.totp.activate(user, body, context), { request, response });
  }
}
