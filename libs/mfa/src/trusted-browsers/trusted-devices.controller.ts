import { Delete, Get, HttpCode, Inject, Param, Req } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { AuthenticatorIdParam } from '../http/authenticator-id.param.js';
import { Access, CurrentRequest, CurrentUser } from '../guard/mfa-route.guard.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import type { TrustedDeviceView } from './trusted-devices.service.js';
import { TrustedDevicesService } from './trusted-devices.service.js';
import { TRUSTED_BROWSER_ROUTES } from './trusted-browsers.openapi.js';

@MfaController('Trusted browsers')
export class TrustedDevicesController {
  constructor(@Inject(TrustedDevicesService) private readonly devices: TrustedDevicesService) {}

  @Get()
  @Access('user')
  @DescribeRoute(TRUSTED_BROWSER_ROUTES.list)
  async list(@CurrentUser() user: MfaUser, @Req() request: object): Promise<TrustedDeviceView[]> {
    return this.devices.list(user, request);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('recent')
  @DescribeRoute(TRUSTED_BROWSER_ROUTES.revoke)
  async revoke(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
  ): Promise<void> {
    await this.devices.revoke(user, id, context);
  }

  @Delete()
  @HttpCode(204)
  @Access('recent')
  @DescribeRoute(TRUSTED_BROWSER_ROUTES.revokeAll)
  async revokeAll(@CurrentUser() user: MfaUser, @CurrentRequest() context: MfaRequest): Promise<void> {
    await this.devices.revokeAll(user, context);
  }
}
