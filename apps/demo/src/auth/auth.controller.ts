import type { ServerResponse } from 'node:http';

import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { MfaLoginResult } from 'nestjs-mfa';
import { MfaService, MfaSessionGuard, SkipMfa } from 'nestjs-mfa';

import { UsersService, toMfaUser } from '../users/users.service.js';
import { CurrentUser } from './current-user.decorator.js';
import { CredentialsDto, PasswordDto, RegistrationDto } from './dto.js';
import { SameOriginGuard } from './same-origin.guard.js';

/** The demo's own first factor: email and password. The library takes over from there. */
@ApiTags('The demo: password')
@SkipMfa()
@UseGuards(SameOriginGuard)
@Controller('auth')
export class AuthController {
  constructor(
    @Inject(UsersService) private readonly users: UsersService,
    @Inject(MfaService) private readonly mfa: MfaService,
  ) {}

  @Post('register')
  @ApiOperation({ summary: 'Make an account' })
  async register(
    @Body() { email, password, phone }: RegistrationDto,
  ): Promise<{ id: string; email: string }> {
    const user = await this.users.register(email, password, phone);
    return { id: user.id, email: user.email };
  }

  @Post('login')
  @ApiOperation({ summary: 'Prove the first factor' })
  @HttpCode(200)
  async login(
    @Body() { email, password }: CredentialsDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<MfaLoginResult> {
    const user = await this.users.check(email, password);
    if (!user) throw refused(response, 'Wrong address or password');
    return this.mfa.login(toMfaUser(user), { request, response });
  }

  @Post('reauthenticate')
  @ApiOperation({ summary: 'Prove it again' })
  @HttpCode(200)
  @UseGuards(MfaSessionGuard)
  async reauthenticate(
    @CurrentUser() { email }: CurrentUser,
    @Body() { password }: PasswordDto,
    @Req() request: object,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<MfaLoginResult> {
    const user = await this.users.check(email, password);
    if (!user) throw refused(response, 'Wrong password');
    return this.mfa.recordReauthentication(toMfaUser(user), { request, response });
  }

  @Post('logout')
  @ApiOperation({ summary: 'Sign out' })
  @HttpCode(204)
  async logout(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<void> {
    await this.mfa.logout({ request, response });
  }
}

/** A 401 must say how to authenticate (RFC 9110, section 11.6.1). */
function refused(response: ServerResponse, message: string): UnauthorizedException {
  response.setHeader('WWW-Authenticate', 'Bearer');
  return new UnauthorizedException(message);
}
