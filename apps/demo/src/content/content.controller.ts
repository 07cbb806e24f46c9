import { Controller, Get, UseGuards } from '@nestjs/common';
import { MfaSessionGuard, RequireMfa } from 'nestjs-mfa';

import { CurrentUser } from '../auth/current-user.decorator.js';
import { StaffGuard } from '../auth/staff.guard.js';

/** What there is to protect, each with another requirement. */
@Controller()
@UseGuards(MfaSessionGuard)
export class ContentController {
  @Get('me')
  me(@CurrentUser() { id, email, isStaff, emailVerified }: CurrentUser): object {
    return { id, email, isStaff, emailVerified };
  }

  @Get('reports')
  @RequireMfa()
  reports(): object {
    return { reports: ['Quarterly figures', 'Audit trail'] };
  }

  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  vault(): object {
    return { vault: 'Only a security key or passkey opens this' };
  }

  @Get('staff')
  @UseGuards(StaffGuard)
  @RequireMfa()
  staff(): object {
    return { staff: 'Only staff with a second factor see this' };
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): object {
    return { feed: ['News for everyone; with a second factor only after it was proven'] };
  }
}
