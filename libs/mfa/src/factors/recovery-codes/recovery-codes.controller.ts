import { Body, Get, HttpCode, Inject, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { Access, CurrentContext, CurrentUser } from '../../guard/access.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaRequestContext } from '../../engine/sessions/request-context.service.js';
import { RegenerateRecoveryCodesDto } from './regenerate.dto.js';
import type { RecoveryCodesSummary } from './recovery-codes.service.js';
import { RecoveryCodesService } from './recovery-codes.service.js';

@MfaController()
export class RecoveryCodesController {
  constructor(@Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService) {}

  @Get()
  @Access('user')
  async summary(@CurrentUser() user: MfaUser): Promise<RecoveryCodesSummary> {
    return this.recoveryCodes.summary(user);
  }

  @Post()
  @HttpCode(201)
  @Access('recent')
  async regenerate(
    @CurrentUser() user: MfaUser,
    @CurrentContext() context: MfaRequestContext,
    @Body() options: RegenerateRecoveryCodesDto,
  ): Promise<{ codes: string[] }> {
    return { codes: await this.recoveryCodes.regenerate(user, context, options) };
  }
}
