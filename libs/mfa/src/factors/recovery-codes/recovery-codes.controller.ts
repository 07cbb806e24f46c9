import { Body, Get, HttpCode, Inject, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { RegenerateRecoveryCodesDto } from './regenerate.dto.js';
import type { RecoveryCodesSummary } from './recovery-codes.service.js';
import { RecoveryCodesService } from './recovery-codes.service.js';
import { RECOVERY_CODES_ROUTES } from './recovery-codes.openapi.js';

@MfaController('Recovery codes')
export class RecoveryCodesController {
  constructor(@Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService) {}

  @Get()
  @Access('user')
  @DescribeRoute(RECOVERY_CODES_ROUTES.summary)
  async summary(@CurrentUser() user: MfaUser): Promise<RecoveryCodesSummary> {
    return this.recoveryCodes.summary(user);
  }

  @Post()
  @HttpCode(201)
  @Access('recent')
  @DescribeRoute(RECOVERY_CODES_ROUTES.regenerate)
  async regenerate(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Body() options: RegenerateRecoveryCodesDto,
  ): Promise<{ codes: string[] }> {
    return { codes: await this.recoveryCodes.regenerate(user, context, options) };
  }
}
