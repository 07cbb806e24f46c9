import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import type { AuthenticationSession } from 'nestjs-mfa';
import { MfaService, MfaSession, MfaSessionGuard } from 'nestjs-mfa';

import { CurrentUser } from '../../auth/current-user.decorator.js';
import { BrowserPages } from '../page.decorators.js';
import type { PageView } from '../page.js';
import { showPage } from '../page.js';
import { ProfilePage } from '../templates/profile.js';

/** Shows who is signed in, and how. */
@BrowserPages()
@UseGuards(MfaSessionGuard)
@Controller('profile')
export class ProfileController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Get()
  async profile(
    @CurrentUser() user: CurrentUser,
    @MfaSession() session: AuthenticationSession | null,
  ): Promise<PageView> {
    const status = await this.mfa.status(user, session);
    return showPage(ProfilePage, { user, status, proven: session?.methods ?? [] });
  }
}
