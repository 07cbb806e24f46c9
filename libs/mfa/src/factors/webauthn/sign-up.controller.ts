import { Body, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import { Access } from '../../guard/mfa-route.guard.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { SignUpDto, SignUpOptionsDto } from './sign-up.dto.js';
import { SignUpGuard } from './sign-up.guard.js';
import type { MfaSignUpResult } from './sign-up.flow.js';
import { WEBAUTHN_ROUTES } from './webauthn.openapi.js';
import { WebAuthnService } from './webauthn.service.js';

/** Creates accounts with a passkey. Without the option `passkeySignUp`, these routes don't exist. */
@MfaController('Signing up')
@UseGuards(SignUpGuard)
export class SignUpController {
  constructor(@Inject(WebAuthnService) private readonly webauthn: WebAuthnService) {}

  @Post('options')
  @HttpCode(200)
  @Access('anyone')
  @DescribeRoute(WEBAUTHN_ROUTES.signUpOptions)
  async options(
    @Body() { name, displayName }: SignUpOptionsDto,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.webauthn.beginSignUp({ name, displayName });
  }

  @Post()
  @HttpCode(201)
  @Access('anyone')
  @DescribeRoute(WEBAUTHN_ROUTES.signUp)
  async signUp(
    @Body() { credential, ...signUp }: SignUpDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaSignUpResult> {
    return this.webauthn.finishSignUp(credential, signUp, { request, response });
  }
}
