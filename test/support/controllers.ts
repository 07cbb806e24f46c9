import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { MfaService, RequireMfa } from 'nestjs-mfa';

import { users } from './test-app.js';

/** Signs in with an email link, or any other named first factor. */
@Controller('link')
export class LinkController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post()
  @HttpCode(200)
  login(
    @Body() { id, firstFactor }: { id: string; firstFactor: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.mfa.login(users.get(id) as MfaUser, { request, response, firstFactor });
  }
}

/** Requires one proof per action. */
@Controller('transfer')
export class TransferController {
  @Post()
  @HttpCode(200)
  @RequireMfa({ once: true })
  transfer(): object {
    return {};
  }
}
