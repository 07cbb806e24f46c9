import { Body, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaActivationAnswer } from '../../sign-in/activation-answer.js';
import { ActivationAnswers } from '../../sign-in/activation-answer.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ActivateFactorDto } from './activate-factor.dto.js';
import { FactorSetupFlow } from './factor-setup.flow.js';
import { PLUGGED_ROUTES } from './plugged.openapi.js';

/** Sets up the factors of the option `factors`. */
@MfaController('Further factors')
export class MfaFactorsController {
  constructor(
    @Inject(FactorSetupFlow) private readonly flow: FactorSetupFlow,
    @Inject(ActivationAnswers) private readonly answers: ActivationAnswers,
  ) {}

  @Post(':type')
  @HttpCode(201)
  @Access('adding')
  @DescribeRoute(PLUGGED_ROUTES.begin)
  async begin(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: string,
    // Only the factor knows its shape.
    @Req() { body }: { body?: unknown },
  ): Promise<object> {
    return this.flow.begin(user, type as MfaType, fieldsOf(body), context);
  }

  @Post(':type/activate')
  @HttpCode(201)
  @Access('adding')
  @DescribeRoute(PLUGGED_ROUTES.activate)
  async activate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: string,
    @Body() body: ActivateFactorDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaActivationAnswer> {
    const added = await this.flow.activate(user, type as MfaType, body, context);
    return this.answers.give(user, added, { request, response });
  }
}

/** @throws {MfaException} `invalid_request` when the body is neither absent nor an object */
function fieldsOf(body: unknown): Record<string, unknown> {
  // Body parsers leave an empty text where there is none.
  const fields = body === undefined || body === '' ? null : body;
  if (typeof fields === 'object' && !Array.isArray(fields)) return { ...fields };
  throw new MfaException('invalid_request', { message: ['the body must be an object'] });
}
