import { Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MfaSessionGuard, RequireMfa } from 'nestjs-mfa';

import { CurrentUser } from '../auth/current-user.decorator.js';
import { SameOriginGuard } from '../auth/same-origin.guard.js';
import { StaffGuard } from '../auth/staff.guard.js';
import { BrowserPages, HtmlView } from '../pages/page.decorators.js';
import { BothPage, DevicePage, SigningPage, TransferPage } from '../pages/templates/assured.js';
import { FeedPage } from '../pages/templates/feed.js';
import { ReportsPage } from '../pages/templates/reports.js';
import { StaffPage } from '../pages/templates/staff.js';
import { VaultPage } from '../pages/templates/vault.js';

/** Protected content, with a different requirement for each route: data for API clients, a page for browsers. */
@ApiTags('The demo: what is protected')
@BrowserPages()
@Controller()
@UseGuards(MfaSessionGuard)
export class ContentController {
  @Get('me')
  me(@CurrentUser() { id, email, isStaff, emailVerified }: CurrentUser): object {
    return { id, email, isStaff, emailVerified };
  }

  @Get('reports')
  @RequireMfa()
  @HtmlView(ReportsPage)
  reports(): { reports: string[] } {
    return { reports: ['Quarterly figures', 'Audit trail'] };
  }

  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  @HtmlView(VaultPage)
  vault(): { vault: string } {
    return { vault: 'Only a security key or passkey opens this' };
  }

  @Get('signing')
  @RequireMfa({ userVerified: true })
  @HtmlView(SigningPage)
  signing(): { signing: string } {
    return { signing: 'Only a key that has checked PIN or fingerprint opens this' };
  }

  @Get('device')
  @RequireMfa({ deviceBound: true })
  @HtmlView(DevicePage)
  device(): { device: string } {
    return { device: 'Only a key that stays on its device opens this' };
  }

  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  @HtmlView(BothPage)
  both(): { both: string } {
    return { both: 'An authenticator app and a key open this together' };
  }

  /** Each transfer consumes a proof. Guards run last to first, so another site can't consume it. */
  @Post('transfer')
  @HttpCode(200)
  @RequireMfa({ once: true })
  @UseGuards(SameOriginGuard)
  @HtmlView(TransferPage)
  transfer(): { transferred: boolean } {
    return { transferred: true };
  }

  @Get('staff')
  @UseGuards(StaffGuard)
  @RequireMfa()
  @HtmlView(StaffPage)
  staff(): { staff: string } {
    return { staff: 'Only staff with a second factor see this' };
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  @HtmlView(FeedPage)
  feed(): { feed: string[] } {
    return { feed: ['News for everyone; with a second factor only after it was proven'] };
  }
}
