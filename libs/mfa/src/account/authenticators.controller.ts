import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { RemoveAuthenticatorFlow } from '../engine/changes/remove-authenticator.flow.js';
import { SuspendAuthenticatorFlow } from '../engine/changes/suspend-authenticator.flow.js';
import { Access, CurrentRequest, CurrentUser } from '../guard/mfa-route.guard.js';
import { DescribeRoute } from '../openapi/describe-route.js';
import { MfaController } from '../http/mfa-controller.decorator.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { AuthenticatorList } from '../engine/authenticators/authenticator-list.js';
import type { AuthenticatorView } from '../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../engine/authenticators/authenticator-view.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import { AuthenticatorIdParam } from '../http/authenticator-id.param.js';
import { ListAuthenticatorsQuery } from './list-authenticators.query.js';
import { RenameAuthenticatorDto } from './rename-authenticator.dto.js';
import { RenameAuthenticatorFlow } from '../engine/changes/rename-authenticator.flow.js';
import { AUTHENTICATOR_ROUTES } from './account.openapi.js';

@MfaController('Authenticators')
export class AuthenticatorsController {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticatorList) private readonly lists: AuthenticatorList,
    @Inject(RenameAuthenticatorFlow) private readonly renaming: RenameAuthenticatorFlow,
    @Inject(RemoveAuthenticatorFlow) private readonly removal: RemoveAuthenticatorFlow,
    @Inject(SuspendAuthenticatorFlow) private readonly suspending: SuspendAuthenticatorFlow,
  ) {}

  @Get()
  @Access('user')
  @DescribeRoute(AUTHENTICATOR_ROUTES.list)
  async list(
    @CurrentUser() user: MfaUser,
    @Query() { type }: ListAuthenticatorsQuery,
  ): Promise<AuthenticatorView[]> {
    return this.lists.find(user, type);
  }

  @Patch(':id')
  @Access('recent')
  @DescribeRoute(AUTHENTICATOR_ROUTES.rename)
  async rename(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
    @Body() { name }: RenameAuthenticatorDto,
  ): Promise<AuthenticatorView> {
    const row = await this.renaming.rename(user, id, name, context);
    return viewAuthenticator(row, this.authenticators.isLocked(row));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Access('recent')
  @DescribeRoute(AUTHENTICATOR_ROUTES.resume)
  async resume(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
  ): Promise<AuthenticatorView> {
    const row = await this.suspending.resume(user, id, { by: 'user', context });
    return viewAuthenticator(row, this.authenticators.isLocked(row));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('recent')
  @DescribeRoute(AUTHENTICATOR_ROUTES.remove)
  async remove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param() { id }: AuthenticatorIdParam,
  ): Promise<void> {
    await this.removal.remove(user, id, context);
  }
}
