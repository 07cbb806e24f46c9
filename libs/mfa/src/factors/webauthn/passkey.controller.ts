import { Body, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';

import { Access } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaLoginResult } from '../../sign-in/login.flow.js';
import { PasskeyDto } from './passkey.dto.js';
import { PasskeyLoginGuard } from './passkey-login.guard.js';
import { PasskeyFlow } from './passkey.flow.js';
import { WebAuthnService } from './webauthn.service.js';
import { WEBAUTHN_ROUTES } from './webauthn.openapi.js';

/** Signs in with a passkey alone. Without the option `passkeyLogin`, these routes don't exist. */
@MfaController('Signing in')
@UseGuards(PasskeyLoginGuard)
export class PasskeyController {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(PasskeyFlow) private readonly flow: PasskeyFlow,
  ) {}

  @Post('options')
  @HttpCode(200)
  @Access('anyone')
  @DescribeRoute(WEBAUTHN_ROUTES.passkeyOptions)
  async options(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.webauthn.getPasskeyRequestOptions();
  }

  @Post()
  @HttpCode(200)
  @Access('anyone')
  @DescribeRoute(WEBAUTHN_ROUTES.signIn)
  async signIn(
    @Body() { credential }: PasskeyDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.flow.signIn(credential, { request, response });
  }
}
