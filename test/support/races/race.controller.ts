import { Body, Controller, HttpCode, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import type { MfaRequest, MfaUser } from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaException,
  MfaRequestService,
  MfaSessionGuard,
  MfaSessionsService,
  RecoveryCodesService,
  RequireMfa,
  TotpService,
  TrustedDevicesService,
  WebAuthnService,
} from 'nestjs-mfa';

import { users } from '../test-app.js';

interface Fields {
  id?: string;
  code?: string;
  credential?: unknown;
}

/** Application routes that call the services, on behalf of the requesting user or of the application itself. */
@Controller('race')
export class RaceController {
  constructor(
    @Inject(MfaRequestService) private readonly requests: MfaRequestService,
    @Inject(TotpService) private readonly totp: TotpService,
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(RecoveryCodesService) private readonly codes: RecoveryCodesService,
    @Inject(TrustedDevicesService) private readonly browsers: TrustedDevicesService,
    @Inject(MfaSessionsService) private readonly places: MfaSessionsService,
    @Inject(MfaAdminService) private readonly admin: MfaAdminService,
  ) {}

  @Post('spend')
  @HttpCode(200)
  @RequireMfa({ once: true })
  spend(): object {
    return {};
  }

  @Post('request/:what')
  @HttpCode(200)
  @UseGuards(MfaSessionGuard)
  async forRequest(
    @Req() request: object,
    @Param('what') what: string,
    @Body() fields: Fields,
  ): Promise<object> {
    const context = await this.requests.resolve(request);
    const { user } = context;
    if (!user) throw new MfaException('unauthenticated');
    await this.byUser(user, context, what, fields);
    return {};
  }

  @Post('alone/:what')
  @HttpCode(200)
  async alone(@Param('what') what: string, @Body() { id = '' }: Fields): Promise<object> {
    const user = users.get(id) ?? { id };
    const work: Record<string, () => Promise<unknown>> = {
      begin: () => this.totp.begin(user),
      codes: () => this.codes.generate(user),
      browsers: () => this.browsers.revokeAll(user),
      'end-others': () => this.places.endOthers(user),
      reset: () => this.admin.reset(id, 'Lost it'),
      require: () => this.admin.requireEnrollment(id, 'All must'),
      unlock: () => this.admin.unlock(id),
    };
    await work[what]?.();
    return {};
  }

  private async byUser(
    user: MfaUser,
    context: MfaRequest,
    what: string,
    { id = '', code = '', credential }: Fields,
  ): Promise<void> {
    const work: Record<string, () => Promise<unknown>> = {
      'totp-key': () => this.totp.getTotpKey(user, context),
      activate: () => this.totp.activate(user, { code }, context),
      register: () => this.webauthn.verifyRegistration(user, credential, { context }),
      codes: () => this.codes.regenerate(user, context),
      browsers: () => this.browsers.revokeAll(user, context),
      end: () => this.places.end(user, id, context),
      'end-others': () => this.places.endOthers(user, context),
    };
    await work[what]?.();
  }
}
