import { Controller, Get, Req } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';

import type { AccessTokenClaims } from './auth/jwt.strategy.js';

@Controller()
export class FiguresController {
  /** Requires any valid access token. */
  @Get('profile')
  profile(@Req() { user }: { user: AccessTokenClaims }): object {
    return { id: user.sub };
  }

  /** Requires a recently proven second factor. */
  @Get('figures')
  @RequireMfa()
  figures(): object {
    return { turnover: 42 };
  }

  /** Requires a security key or passkey. */
  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  vault(): object {
    return { gold: 79 };
  }

  /** Requires users who have a second factor to prove it, and admits users who have none. */
  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): object {
    return { news: [] };
  }
}
