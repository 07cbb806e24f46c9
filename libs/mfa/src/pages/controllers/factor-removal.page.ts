import { Get, Inject, Param, Post } from '@nestjs/common';

import type { MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { FactorRegistry } from '../../engine/factors/factor-registry.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { AskedRemoval } from '../frame/factor-removal.js';
import { FactorRemoval } from '../frame/factor-removal.js';
import type { PageAnswer } from '../frame/page-answer.js';
import type { FormBody } from '../frame/page-form.js';
import { textOf } from '../frame/page-form.js';
import { Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Removes the factors of the option `factors`. */
@MfaPages()
export class FactorRemovalPages {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(FactorRemoval) private readonly removal: FactorRemoval,
  ) {}

  @Get('factors/:type/remove')
  @Access('recent')
  async showRemove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @QueryText('id') id: string | null,
  ): Promise<PageAnswer> {
    return this.removal.show(user, context, { ...this.pageOf(type), id });
  }

  @Post('factors/:type/remove')
  @Access('recent')
  async remove(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Param('type') type: MfaType,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    return this.removal.remove(user, context, { ...this.pageOf(type), id: textOf(body['id']) || null });
  }

  private pageOf(type: MfaType): Omit<AskedRemoval, 'id'> {
    return { page: 'factors/remove', type: this.registry.find(type) ? type : null };
  }
}
