import { Body, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaActivationAnswer } from '../../sign-in/activation-answer.js';
import { ActivationAnswers } from '../../sign-in/activation-answer.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { DescribeRoute } from '../../openapi/describe-route.js';
import { MfaController } from '../../http/mfa-controller.decorator.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { AddWebAuthnDto } from './add-webauthn.dto.js';
import { WebAuthnOptionsDto } from './webauthn-options.dto.js';
import type { WebAuthnSignals } from './key-signals.js';
import { WebAuthnService } from './webauthn.service.js';
import { WEBAUTHN_ROUTES } from './webauthn.openapi.js';

@MfaController('Security keys and passkeys')
export class WebAuthnController {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(ActivationAnswers) private readonly answers: ActivationAnswers,
  ) {}

  @Get('signals')
  @Access('user')
  @DescribeRoute(WEBAUTHN_ROUTES.signals)
  async signals(@CurrentUser() user: MfaUser): Promise<WebAuthnSignals> {
    return this.webauthn.getSignals(user);
  }

  @Post('options')
  @HttpCode(200)
  @Access('adding')
  @DescribeRoute(WEBAUTHN_ROUTES.creationOptions)
  async options(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() { session }: MfaRequest,
    @Body() { passwordless, role, automatic }: WebAuthnOptionsDto,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.webauthn.getCredentialCreationOptions(user, { passwordless, role, automatic, session });
  }

  @Post()
  @HttpCode(201)
  @Access('adding')
  @DescribeRoute(WEBAUTHN_ROUTES.register)
  async register(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Body() { credential, ...given }: AddWebAuthnDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaActivationAnswer> {
    const added = await this.webauthn.verifyRegistration(user, credential, { ...given, context });
    return this.answers.give(user, added, { request, response });
  }
}
