import { Body, HttpCode, Inject, Param, Post } from '@nestjs/common';

import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ChallengeFactorDto } from './challenge-factor.dto.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';
import { PLUGGED_ROUTES } from './plugged.openapi.js';

/** Challenges the factors of the option `factors`, to complete a sign-in or to step up. */
@MfaController('Signing in')
export class MfaFactorChallengeController {
  constructor(@Inject(FactorChallengeFlow) private readonly flow: FactorChallengeFlow) {}

  @Post(':type/challenge')
  @HttpCode(200)
  @Access('authenticate')
  @DescribeRoute(PLUGGED_ROUTES.challenge)
  async challenge(
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: string,
    @Body() { authenticatorId }: ChallengeFactorDto,
  ): Promise<object> {
    return this.flow.challenge(context, type as MfaType, authenticatorId);
  }
}
