import { Body, HttpCode, Inject, Param, Post } from '@nestjs/common';

import { Access, CurrentContext } from '../http/access.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import type { MfaType } from '../policy/methods.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';
import { ChallengeFactorDto } from './dto/challenge-factor.dto.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';

/** Challenging the factors of the option `factors`, to finish a sign-in or to step up. */
@MfaController()
export class FactorChallengeController {
  constructor(@Inject(FactorChallengeFlow) private readonly flow: FactorChallengeFlow) {}

  @Post(':type/challenge')
  @HttpCode(200)
  @Access('authenticate')
  async challenge(
    @CurrentContext() context: MfaRequestContext,
    @Param('type') type: string,
    @Body() { authenticatorId }: ChallengeFactorDto,
  ): Promise<object> {
    return this.flow.challenge(context, type as MfaType, authenticatorId);
  }
}
