import { Get, Inject, Post, Req } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { TrustedDevicesService } from '../../trusted-browsers/trusted-devices.service.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody } from '../frame/page-form.js';
import { isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { PageLocale } from '../frame/page-locale.js';
import { noticeText } from '../frame/page-notices.js';
import { Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Lists the browsers that skip the second factor, and revokes their trust. */
@MfaPages()
export class TrustedDevicesPage {
  constructor(
    @Inject(TrustedDevicesService) private readonly devices: TrustedDevicesService,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(PageLocale) private readonly locale: PageLocale,
  ) {}

  @Get('trusted-devices')
  @Access('user')
  async show(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('notice') notice: string | null,
    @Req() request: object,
  ): Promise<PageAnswer> {
    return show('trusted-devices', {
      devices: await this.devices.list(user, request),
      notice: noticeText(notice, await this.locale.textsFor(context)),
    });
  }

  @Post('trusted-devices')
  @Access('recent')
  async revoke(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    const all = isTicked(body['all']);
    if (all) await this.devices.revokeAll(user, context);
    else await this.devices.revoke(user, textOf(body['id']), context);
    const notice = all ? 'devices-revoked' : 'device-revoked';
    return new PageRedirect(this.links.to('trusted-devices', { notice }));
  }
}
