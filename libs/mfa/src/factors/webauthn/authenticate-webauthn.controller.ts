import { Body, HttpCode, Inject, Post } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';

import { Access, CurrentRequest } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaLoginResult } from '../../sign-in/login.flow.js';
import { needsOf } from '../../core/policy/policy.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { AuthenticateWebAuthnDto } from './authenticate-webauthn.dto.js';
import { WebAuthnNeedsDto } from './webauthn-needs.dto.js';
import { WebAuthnFlow } from './webauthn.flow.js';
import { WEBAUTHN_ROUTES } from './webauthn.openapi.js';

@MfaController('Signing in')
export class AuthenticateWebAuthnController {
  constructor(@Inject(WebAuthnFlow) private readonly flow: WebAuthnFlow) {}

  @Post('options')
  @HttpCode(200)
  @Access('authenticate')
  @DescribeRoute(WEBAUTHN_ROUTES.requestOptions)
  async options(
    @CurrentRequest() context: MfaRequest,
    @Body() needs: WebAuthnNeedsDto,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.flow.options(context, needsOf(needs));
  }

  @Post()
  @HttpCode(200)
  @Access('authenticate')
  @DescribeRoute(WEBAUTHN_ROUTES.authenticate)
  async authenticate(
    @CurrentRequest() context: MfaRequest,
    @Body() { credential, trustDevice }: AuthenticateWebAuthnDto,
  ): Promise<MfaLoginResult> {
    return this.flow.authenticate(context, credential, { trustDevice: trustDevice ?? false });
  }
}
