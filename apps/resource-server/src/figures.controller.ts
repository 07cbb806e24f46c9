import { Controller, Get, Req } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';

import type { AccessTokenClaims } from './auth/jwt.strategy.js';

@Controller()
export class FiguresController {
  /** Any valid access token. */
  @Get('profile')
  profile(@Req() { user }: { user: AccessTokenClaims }): object {
    return { id: user.sub };
  }

  /** A second factor, proven lately. */
  @Get('figures')
  @RequireMfa()
  figures(): object {
    return { turnover: 42 };
  }

  /** A security key or a passkey. */
  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  vault(): object {
    return { gold: 79 };
  }

  /** Whoever has a second factor proves it; whoever has none passes. */
  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): object {
    return { news: [] };
  }
}
